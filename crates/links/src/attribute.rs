//! The attributes that have to do with links, and what each holds.

/// One of [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(u8);

/// Returns the name, if it is one that has to do with links.
pub(crate) fn known(name: &[u8]) -> Option<Name> {
    let first = name.first()? | 0x20;
    let lengths = LENGTHS[usize::from(first & 31)];
    if name.len() > 31 || lengths & (1 << name.len()) == 0 {
        return None;
    }
    let is =
        |known: &&str| known.len() == name.len() && known.as_bytes().eq_ignore_ascii_case(name);
    let at = NAMES.iter().position(is)?;
    u8::try_from(at).ok().map(Name)
}

impl Name {
    pub(crate) fn as_str(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    pub(crate) fn bit(self) -> u128 {
        1 << self.0
    }

    /// Whether the attribute forbids what is not as it was, or from where.
    pub(crate) fn is_guard(self) -> bool {
        matches!(self.as_str(), "integrity" | "crossorigin")
    }

    /// Whether a `font` that has it is one of HTML.
    pub(crate) fn is_of_font(self) -> bool {
        matches!(self.as_str(), "color" | "face" | "size")
    }
}

/// Those that are met most stand first.
const NAMES: [&str; 83] = [
    "href",
    "style",
    "src",
    "rel",
    "type",
    "name",
    "content",
    "data-src",
    "srcset",
    "action",
    "property",
    "data-srcset",
    "as",
    "charset",
    "http-equiv",
    "integrity",
    "crossorigin",
    "xlink:href",
    "fill",
    "stroke",
    "mask",
    "filter",
    "clip-path",
    "color",
    "face",
    "size",
    "value",
    "itemprop",
    "poster",
    "formaction",
    "background",
    "cite",
    "data",
    "imagesrcset",
    "srcdoc",
    "ping",
    "longdesc",
    "codebase",
    "archive",
    "classid",
    "code",
    "object",
    "profile",
    "manifest",
    "lowsrc",
    "dynsrc",
    "icon",
    "marker-start",
    "marker-mid",
    "marker-end",
    "marker",
    "cursor",
    "encoding",
    "xml:base",
    "url",
    "xmlurl",
    "htmlurl",
    "data-original",
    "data-original-src",
    "data-original-set",
    "data-lazy",
    "data-lazy-src",
    "data-lazy-srcset",
    "data-lazyload",
    "data-echo",
    "data-hi-res-src",
    "data-full-src",
    "data-poster",
    "data-bg",
    "data-bgset",
    "data-bg-src",
    "data-background",
    "data-background-image",
    "data-image",
    "data-img",
    "data-thumb",
    "data-flickity-lazyload",
    "itemtype",
    "hreflang",
    "pluginspage",
    "usemap",
    "method",
    "formmethod",
];

/// By the first letter of a name: a bit for each length that a name has.
static LENGTHS: [u32; 32] = lengths();

const fn lengths() -> [u32; 32] {
    let mut lengths = [0; 32];
    let mut at = 0;
    while at < NAMES.len() {
        let name = NAMES[at].as_bytes();
        lengths[(name[0] & 31) as usize] |= 1 << name.len();
        at += 1;
    }
    lengths
}
