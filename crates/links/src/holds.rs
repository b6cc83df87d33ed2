//! What each attribute holds: the tables of HTML, SVG, feeds and lists.

use crate::resolve::trimmed;
use crate::{Kind, Role};

/// What an attribute, or the text of an element, holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Url(Kind, Role),
    /// A URL if it looks like one, and nothing else.
    Perhaps(Kind, Role),
    /// URLs with these characters between them.
    List(&'static [char], Kind, Role),
    Srcset(Role),
    Style,
    /// The value of a property of CSS, as SVG has them.
    Property(Role),
    Refresh,
    /// A whole document.
    Html,
    /// What is done when something happens to the element.
    Script,
}

/// Says what an attribute holds. All names are in lower case; `value` tells the other attributes of
/// the tag.
#[expect(clippy::match_same_arms, reason = "a table, by what things are")]
pub(crate) fn attribute<'v>(
    element: &str,
    attribute: &str,
    value: &dyn Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
) -> Option<Holds> {
    let is = |name: &str, expected: &str| {
        value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
    };
    let (kind, role) = match (attribute, element) {
        ("style", _) => return Some(Holds::Style),
        (name, _) if name.starts_with("on") => return Some(Holds::Script),
        ("mask", _) => return Some(Holds::Property(Role::Mask)),
        ("clip-path", _) => return Some(Holds::Property(Role::ClipPath)),
        ("cursor", _) => return Some(Holds::Property(Role::Image)),
        (
            "fill" | "stroke" | "filter" | "marker" | "marker-start" | "marker-mid" | "marker-end",
            _,
        ) => return Some(Holds::Property(Role::Paint)),
        ("srcset", "img" | "source" | "amp-img") | ("imagesrcset", "link") => {
            return Some(Holds::Srcset(Role::Image));
        }
        ("srcdoc", "iframe") => return Some(Holds::Html),
        ("content", "meta") => return meta(value),
        ("href", "base") => (Kind::Base, Role::Base),
        ("href", "link") => {
            let text = |name| value(name).unwrap_or_default();
            if value("itemprop").is_some_and(|of| is_picture(&of)) {
                (Kind::Requisite, Role::StructuredData)
            } else {
                rel(&text("rel"), &text("type"))
            }
        }
        ("href" | "xlink:href", "a" | "area") => (Kind::Navigation, Role::Anchor),
        ("ping", "a" | "area") => return Some(Holds::List(&BLANKS, Kind::Hint, Role::Ping)),
        ("src" | "href" | "xlink:href", "script") if is("type", "module") => {
            (Kind::Requisite, Role::ModuleScript)
        }
        ("src" | "href" | "xlink:href", "script") => (Kind::Requisite, Role::Script),
        (
            "href" | "xlink:href",
            "use" | "pattern" | "lineargradient" | "radialgradient" | "mpath" | "textpath"
            | "filter" | "tref" | "altglyph" | "glyphref",
        ) => (Kind::Requisite, Role::Use),
        ("href" | "xlink:href", "image" | "feimage" | "cursor") => (Kind::Requisite, Role::Image),
        ("href" | "xlink:href", "font-face-uri") => (Kind::Requisite, Role::Font),
        ("href", "?xml-stylesheet" | "xsl:import" | "xsl:include") => {
            (Kind::Requisite, Role::Stylesheet)
        }
        ("src", "iframe" | "frame") => (Kind::Embedded, Role::Frame),
        ("src", "embed") | ("data", "object") => (Kind::Embedded, Role::Object),
        ("code" | "object", "applet") | ("classid", "object") => (Kind::Requisite, Role::Object),
        ("archive", "object") => return Some(Holds::List(&BLANKS, Kind::Requisite, Role::Object)),
        ("archive", "applet") => return Some(Holds::List(&[','], Kind::Requisite, Role::Object)),
        ("codebase", "object" | "applet") => (Kind::Base, Role::Object),
        ("value", "param") => {
            let names = ["movie", "src", "data", "url", "filename", "image"];
            let names_it = names.iter().any(|name| is("name", name));
            return names_it.then_some(Holds::Perhaps(Kind::Embedded, Role::Object));
        }
        ("src", "audio" | "video" | "bgsound") => (Kind::Requisite, Role::Media),
        // Of a picture's, only `srcset` counts; but who writes this one means it.
        ("src", "source") => (Kind::Requisite, Role::Media),
        ("src", "track") => (Kind::Requisite, Role::Track),
        ("src", "img" | "input" | "image")
        | ("lowsrc" | "dynsrc", "img" | "input")
        | ("poster", "video")
        | ("icon", "menuitem" | "command") => (Kind::Requisite, Role::Image),
        ("background", "body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th") => {
            (Kind::Requisite, Role::Image)
        }
        ("longdesc", "img" | "iframe" | "frame") | ("cite", "blockquote" | "q" | "del" | "ins") => {
            (Kind::Navigation, Role::Citation)
        }
        ("action", "form") | ("formaction", "button" | "input") => (Kind::Hint, Role::Form),
        // Whoever chooses it may be led there.
        ("value", "option") => return Some(Holds::Perhaps(Kind::Guess, Role::Anchor)),
        // Astro's scripts import what these name.
        ("component-url" | "renderer-url" | "before-hydration-url", "astro-island") => {
            (Kind::Requisite, Role::ModuleImport)
        }
        ("src" | "poster", name) if name.contains('-') => {
            return Some(Holds::Perhaps(Kind::Requisite, Role::Lazy));
        }
        ("spec-url" | "apidescriptionurl" | "hx-get", _) => {
            return Some(Holds::Perhaps(Kind::Guess, Role::Fetch));
        }
        ("profile", "head") | ("manifest", "html") => (Kind::Hint, Role::Related),
        _ => return lazy(element, attribute),
    };
    Some(Holds::Url(kind, role))
}

/// What scripts of wide use make pictures and frames of.
fn lazy(element: &str, attribute: &str) -> Option<Holds> {
    let name = attribute.strip_prefix("data-")?;
    Some(match name {
        "srcset" | "lazy-srcset" | "bgset" | "original-set" => Holds::Srcset(Role::Lazy),
        "href" | "link" => Holds::Perhaps(Kind::Navigation, Role::Anchor),
        "background-iframe" => Holds::Perhaps(Kind::Embedded, Role::Lazy),
        "next"
        | "next-page"
        | "index"
        | "cast"
        | "search-url"
        | "markdown"
        | "offline-search-index-json-src" => Holds::Perhaps(Kind::Guess, Role::Fetch),
        _ if matches!(element, "iframe" | "embed") => Holds::Perhaps(Kind::Embedded, Role::Lazy),
        _ => Holds::Perhaps(Kind::Requisite, Role::Lazy),
    })
}

fn meta<'v>(value: &dyn Fn(&str) -> Option<std::borrow::Cow<'v, str>>) -> Option<Holds> {
    let value = |name: &str| value(name).map(|text| text.trim().to_ascii_lowercase());
    if value("http-equiv").is_some_and(|name| name == "refresh") {
        return Some(Holds::Refresh);
    }
    if value("itemprop").is_some_and(|of| is_picture(&of)) {
        return Some(Holds::Url(Kind::Requisite, Role::StructuredData));
    }
    // Open Graph has `property`, others have `name`; pages have both for either.
    let name = value("property").or_else(|| value("name"))?;
    let (kind, role) = match name.as_str() {
        "og:image"
        | "og:image:url"
        | "og:image:secure_url"
        | "twitter:image"
        | "twitter:image:src"
        | "thumbnail" => (Kind::Requisite, Role::Preview),
        "og:url" | "twitter:url" => (Kind::Hint, Role::Canonical),
        "og:video"
        | "og:video:url"
        | "og:video:secure_url"
        | "og:audio"
        | "og:audio:url"
        | "og:audio:secure_url"
        | "twitter:player"
        | "twitter:player:stream" => (Kind::Hint, Role::Preview),
        "msapplication-starturl" => (Kind::Hint, Role::ManifestUrl),
        "msapplication-config" => return Some(Holds::Perhaps(Kind::Hint, Role::Manifest)),
        name if name.starts_with("msapplication-") && is_tile(name) => {
            (Kind::Requisite, Role::Icon)
        }
        _ => return None,
    };
    Some(Holds::Url(kind, role))
}

fn is_tile(name: &str) -> bool {
    name.ends_with("logo") || name == "msapplication-tileimage"
}

fn is_picture(itemprop: &str) -> bool {
    let pictures = ["image", "logo", "photo", "thumbnailurl", "contenturl"];
    let mut words = itemprop.split_ascii_whitespace();
    words.any(|word| pictures.iter().any(|name| word.eq_ignore_ascii_case(name)))
}

/// HTML §4.6.7, link types. Of several, the first here decides: one that is needed before one that
/// is not.
pub(crate) fn rel(rel: &str, media_type: &str) -> (Kind, Role) {
    let known = |word: &str| {
        RELS.iter()
            .position(|(name, ..)| word.eq_ignore_ascii_case(name))
    };
    let first = rel.split_ascii_whitespace().filter_map(known).min();
    match first.map(|first| RELS[first]) {
        Some((_, _, Role::Alternate)) if is_feed(media_type) => (Kind::Navigation, Role::Feed),
        Some((_, kind, role)) => (kind, role),
        None => (Kind::Navigation, Role::Related),
    }
}

fn is_feed(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    FEEDS.iter().any(|feed| name.eq_ignore_ascii_case(feed))
}

const FEEDS: [&str; 4] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
];

const RELS: [(&str, Kind, Role); 30] = [
    ("stylesheet", Kind::Requisite, Role::Stylesheet),
    ("icon", Kind::Requisite, Role::Icon),
    ("apple-touch-icon", Kind::Requisite, Role::Icon),
    ("apple-touch-icon-precomposed", Kind::Requisite, Role::Icon),
    ("apple-touch-startup-image", Kind::Requisite, Role::Icon),
    ("mask-icon", Kind::Requisite, Role::Icon),
    ("fluid-icon", Kind::Requisite, Role::Icon),
    ("manifest", Kind::Requisite, Role::Manifest),
    ("modulepreload", Kind::Requisite, Role::ModulePreload),
    ("preload", Kind::Requisite, Role::Preload),
    ("image_src", Kind::Requisite, Role::Preview),
    ("preconnect", Kind::Hint, Role::Prefetch),
    ("dns-prefetch", Kind::Hint, Role::Prefetch),
    ("prefetch", Kind::Requisite, Role::Prefetch),
    ("prerender", Kind::Hint, Role::Prefetch),
    // For programs, or another name of what is here.
    ("pingback", Kind::Hint, Role::Ping),
    ("webmention", Kind::Hint, Role::Ping),
    ("edituri", Kind::Hint, Role::Related),
    ("wlwmanifest", Kind::Hint, Role::Related),
    ("https://api.w.org/", Kind::Hint, Role::Related),
    ("shortlink", Kind::Hint, Role::Canonical),
    ("profile", Kind::Hint, Role::Related),
    ("hub", Kind::Hint, Role::Related),
    ("micropub", Kind::Hint, Role::Related),
    ("openid.server", Kind::Hint, Role::Related),
    ("authorization_endpoint", Kind::Hint, Role::Related),
    ("token_endpoint", Kind::Hint, Role::Related),
    ("compression-dictionary", Kind::Hint, Role::Prefetch),
    ("canonical", Kind::Navigation, Role::Canonical),
    ("alternate", Kind::Navigation, Role::Alternate),
];

/// What is written in XML, told by its first element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// XHTML, SVG and all else.
    #[default]
    Document,
    /// `sitemaps.org`: a set of URLs, or an index of such.
    Sitemap,
    /// RSS, of all versions, Atom, OPML.
    Feed,
    /// XSLT: what it makes documents of.
    Transform,
}

impl Dialect {
    /// Both without prefix, in lower case.
    pub(crate) fn of(root: &str) -> Self {
        match root {
            "urlset" | "sitemapindex" => Dialect::Sitemap,
            "rss" | "rdf" | "feed" | "entry" | "opml" => Dialect::Feed,
            "stylesheet" | "transform" => Dialect::Transform,
            _ => Dialect::Document,
        }
    }

    /// Says what the text of an element holds; `parent` is the element around it.
    #[expect(clippy::match_same_arms, reason = "a table, by what things are")]
    pub(crate) fn text(
        self,
        element: &str,
        parent: &str,
        is: &dyn Fn(&str, &str) -> bool,
    ) -> Option<Holds> {
        let (kind, role) = match (self, element, parent) {
            (Dialect::Sitemap, "loc", "sitemap") => (Kind::Navigation, Role::Sitemap),
            (Dialect::Sitemap, "loc", "image") => (Kind::Requisite, Role::Image),
            (Dialect::Sitemap, "loc", _) => (Kind::Navigation, Role::Entry),
            (Dialect::Sitemap, "thumbnail_loc", _) => (Kind::Requisite, Role::Image),
            (Dialect::Sitemap, "content_loc", _) => (Kind::Requisite, Role::Media),
            (Dialect::Sitemap, "player_loc", _) => (Kind::Hint, Role::Frame),
            (Dialect::Feed, "url", "image") | (Dialect::Feed, "icon" | "logo", _) => {
                (Kind::Requisite, Role::Image)
            }
            (Dialect::Feed, "link" | "comments", _) => (Kind::Navigation, Role::Entry),
            (Dialect::Feed, "description" | "encoded" | "body", _) => return Some(Holds::Html),
            (Dialect::Feed, "content" | "summary" | "title", _) if is("type", "html") => {
                return Some(Holds::Html);
            }
            _ => return None,
        };
        Some(Holds::Url(kind, role))
    }

    /// Says what an attribute holds; a feed may have markup in it.
    #[expect(clippy::match_same_arms, reason = "a table, by what things are")]
    pub(crate) fn attribute<'v>(
        self,
        element: &str,
        name: &str,
        value: &dyn Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
    ) -> Option<Holds> {
        let is = |name: &str, expected: &str| {
            value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
        };
        let (kind, role) = match (self, name, element) {
            (Dialect::Document, ..) => return attribute(element, name, value),
            // XSLT 1.0 §7.6.2: an expression in braces stands for what is not known here.
            (Dialect::Transform, ..) => {
                let is_known = !value(name).is_some_and(|value| value.contains('{'));
                return attribute(element, name, value).filter(|_| is_known);
            }
            (Dialect::Feed, "url", "enclosure" | "content") => (Kind::Requisite, Role::Media),
            (Dialect::Feed, "url", "thumbnail") => (Kind::Requisite, Role::Image),
            (Dialect::Feed, "url", "source") | (Dialect::Feed, "xmlurl", "outline") => {
                (Kind::Navigation, Role::Feed)
            }
            (Dialect::Feed, "url" | "htmlurl", "outline") => (Kind::Navigation, Role::Entry),
            (Dialect::Feed, "href", "image") => (Kind::Requisite, Role::Image),
            (Dialect::Feed, "src", "content") => (Kind::Navigation, Role::Entry),
            (Dialect::Feed, "href", "link") if is("rel", "enclosure") => {
                (Kind::Requisite, Role::Media)
            }
            (Dialect::Feed, "href", "link")
                if ["hub", "edit", "search"].iter().any(|rel| is("rel", rel)) =>
            {
                (Kind::Hint, Role::Related)
            }
            (Dialect::Feed, "href", "link")
                if [
                    "self", "next", "prev", "previous", "first", "last", "replies",
                ]
                .iter()
                .any(|rel| is("rel", rel)) =>
            {
                (Kind::Navigation, Role::Feed)
            }
            (Dialect::Feed, "href", "link") => (Kind::Navigation, Role::Entry),
            (Dialect::Feed, ..) => return attribute(element, name, value),
            (Dialect::Sitemap, "href", "link") => (Kind::Navigation, Role::Alternate),
            (Dialect::Sitemap, ..) => return None,
        };
        Some(Holds::Url(kind, role))
    }
}

/// Tells whether a value is a URL beyond doubt, and not a word, a list, or some code.
pub(crate) fn is_plainly_url(value: &str) -> bool {
    let value = trimmed(value);
    let is_foreign = |char: char| char.is_whitespace() || "{}<>\"'`[]|\\^".contains(char);
    if value.is_empty() || value.contains(is_foreign) || value.starts_with("url(") {
        return false;
    }
    let begins = ["/", "./", "../", "http:", "https:"].iter().any(|begin| {
        let head = value.get(..begin.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(begin))
    });
    let path = value.split(['?', '#']).next().unwrap_or_default();
    let ending = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    let has_ending = ending.is_some_and(|(name, ending)| {
        let is_one = (2..=5).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one && !name.is_empty() && !ending.bytes().all(|byte| byte.is_ascii_digit())
    });
    begins || has_ending
}

const BLANKS: [char; 5] = [' ', '\t', '\n', '\r', '\x0c'];

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_plainly_a_url() {
        for value in [
            "a.png",
            "/a",
            "../a",
            "HTTPS://h/a",
            "a/b.webp?x#y",
            " a.jpg ",
        ] {
            assert!(super::is_plainly_url(value), "{value}");
        }
        for value in [
            "",
            "a",
            "true",
            "{\"a\":\"/b\"}",
            "a b.png",
            "1.5",
            "a.b",
            "1.25",
            ".png",
            "#a.png",
            "{{ x.png }}",
        ] {
            assert!(!super::is_plainly_url(value), "{value}");
        }
    }
}
