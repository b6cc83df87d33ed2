use std::ops::Range;

use url::Url;

/// A URL that a document refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// What it refers to: absolute, `http` or `https`, with its fragment.
    pub url: Url,
    /// What for.
    pub kind: Kind,
    /// Where the URL stands in the document, in bytes.
    pub span: Range<usize>,
    /// The URL as it stands there, escapes undone and blanks around it removed.
    pub text: String,
    pub(crate) place: Place,
}

/// What a document refers to a URL for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A person may go there: `a`, `area`, meta refresh, `link rel=next`.
    Navigation,
    /// The document needs it to look and work as it should: images, styles, scripts, fonts.
    Requisite,
    /// A document shown inside it: `iframe`, `frame`, `object`, `embed`.
    Embedded,
    /// Named, but loaded by nobody until a person or a script acts: form actions, connections to
    /// prepare. A URL to rewrite when it is kept, no reason to fetch it.
    Hint,
    /// The `<base>` that the others were resolved against.
    Base,
}

/// What a URL stands in: how it must be escaped there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The quotes of the HTML attribute, if it stands in one.
    pub(crate) attribute: Option<Quotes>,
    pub(crate) within: Within,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    Double,
    Single,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// It is all there is.
    Nothing,
    /// One of several, with commas and blanks between.
    Srcset,
    /// Behind the seconds of a meta refresh.
    Refresh,
    /// A string or a `url()` of CSS.
    Css,
}

/// A URL that was found and not resolved yet.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
    pub(crate) place: Place,
}
