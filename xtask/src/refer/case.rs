//! One way of referring: its pages, and what is seen when it works.

use super::answer::Answer;

/// A page, what it refers to, and what shows that it has got it.
#[derive(Debug)]
pub(crate) struct Case {
    /// The table's heading: `images`, `scripts`.
    pub(crate) group: &'static str,
    /// Its name, which is the folder of its addresses too.
    pub(crate) name: &'static str,
    /// What is served, by host and address.
    pub(crate) answers: Vec<(Host, String, Answer)>,
    pub(crate) entrance: Entrance,
    /// Whether `#go` is clicked, and the page that then comes is looked at.
    pub(crate) click: bool,
    pub(crate) evidence: Evidence,
    /// Why no copy can show it from disk, if none can.
    pub(crate) impossible: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// The site's own, which is crawled.
    Here,
    /// Another one, by another name on the same server.
    There,
}

/// Which page is looked at.
#[derive(Debug)]
pub(crate) enum Entrance {
    /// The case's first page, which the site's first page links to.
    Linked,
    /// A page that no page links to: its address. In a copy it is known by [`Case::marker`].
    Hidden(&'static str),
}

/// What shows that a page has what it refers to.
#[derive(Debug)]
pub(crate) enum Evidence {
    /// A script's expression that becomes true.
    Script(String),
    /// The middle of the element is green.
    Green(&'static str),
}

impl Case {
    /// A case with its page, in UTF-8 and with a title.
    pub(crate) fn new(group: &'static str, name: &'static str, body: &str) -> Self {
        let page = format!("<!doctype html><meta charset=utf-8><title>{name}</title>\n{body}\n");
        Self::answered(group, name, Answer::html(&page))
    }

    /// A case whose page is to the letter what is given.
    pub(crate) fn answered(group: &'static str, name: &'static str, page: Answer) -> Self {
        Self {
            group,
            name,
            answers: vec![(Host::Here, format!("/{name}/"), page)],
            entrance: Entrance::Linked,
            click: false,
            evidence: Evidence::Script("window.ok === true".to_owned()),
            impossible: None,
        }
    }

    /// Adds what is at an address, which is relative to the case's folder unless it begins with a slash.
    pub(crate) fn at(self, address: &str, answer: Answer) -> Self {
        self.on(Host::Here, address, answer)
    }

    /// Adds what is at an address of the other host.
    pub(crate) fn there(self, address: &str, answer: Answer) -> Self {
        self.on(Host::There, address, answer)
    }

    fn on(mut self, host: Host, address: &str, answer: Answer) -> Self {
        let address = if address.starts_with('/') {
            address.to_owned()
        } else {
            format!("/{}/{address}", self.name)
        };
        self.answers.push((host, address, answer));
        self
    }

    /// The right image: green, and 21 pixels wide.
    pub(crate) fn image(self, address: &str) -> Self {
        self.at(address, Answer::image())
    }

    /// A page to arrive at, which says so.
    pub(crate) fn target(self, address: &str) -> Self {
        let page = format!(
            "<!doctype html><meta charset=utf-8><title>There</title><p id=arrived>{}</p>",
            self.marker()
        );
        self.at(address, Answer::html(&page))
    }

    /// What only this case's targets say.
    pub(crate) fn marker(&self) -> String {
        format!("arrived by {}.", self.name)
    }

    /// Looks at a page that no page links to, and that the case has a target at.
    pub(crate) fn hidden(mut self, address: &'static str) -> Self {
        self.entrance = Entrance::Hidden(address);
        self.arrives()
    }

    /// Clicks `#go`, and expects to arrive at the target.
    pub(crate) fn goes(mut self) -> Self {
        self.click = true;
        self.arrives()
    }

    /// Expects to arrive at the target without doing anything.
    pub(crate) fn arrives(self) -> Self {
        let expression = format!(
            "document.querySelector('#arrived')?.textContent === '{}'",
            self.marker()
        );
        self.script(&expression)
    }

    /// Clicks `#go`, and then expects the evidence that is named next.
    pub(crate) fn clicked(mut self) -> Self {
        self.click = true;
        self
    }

    /// Expects an `<img>` or the like to have the right image.
    pub(crate) fn loads(self, selector: &str) -> Self {
        self.script(&format!(
            "document.querySelector('{selector}').complete && document.querySelector('{selector}').naturalWidth === 21"
        ))
    }

    /// Expects the element's text to be green.
    pub(crate) fn styled(self, selector: &str) -> Self {
        self.script(&format!(
            "getComputedStyle(document.querySelector('{selector}')).color === 'rgb(0, 128, 0)'"
        ))
    }

    /// Expects the element to say this.
    pub(crate) fn says(self, selector: &str, text: &str) -> Self {
        self.script(&format!(
            "document.querySelector('{selector}').textContent === '{text}'"
        ))
    }

    pub(crate) fn script(mut self, expression: &str) -> Self {
        self.evidence = Evidence::Script(expression.to_owned());
        self
    }

    /// Expects the middle of the element to be green.
    pub(crate) fn green(mut self, selector: &'static str) -> Self {
        self.evidence = Evidence::Green(selector);
        self
    }

    pub(crate) fn impossible(mut self, reason: &'static str) -> Self {
        self.impossible = Some(reason);
        self
    }
}
