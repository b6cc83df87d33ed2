//! The attributes that have to do with links, and what each holds.

/// One of [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(u8);

/// Returns the name, if it is one that has to do with links.
pub(crate) fn known(name: &[u8]) -> Option<Name> {
    let [first, last] = [name.first()?, name.last()?].map(|letter| usize::from(letter & 31));
    let mut at = FIRST[first][last];
    while let Some(known) = NAMES.get(usize::from(at)) {
        if known.as_bytes().eq_ignore_ascii_case(name) {
            return Some(Name(at));
        }
        at = NEXT[usize::from(at)];
    }
    None
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
const NAMES: [&str; 116] = [
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
    "onclick",
    "onload",
    "onmouseover",
    "onmouseout",
    "onmousedown",
    "onchange",
    "ondblclick",
    "data-href",
    "data-link",
    "data-next",
    "data-next-page",
    "data-index",
    "data-cast",
    "data-search-url",
    "data-markdown",
    "data-offline-search-index-json-src",
    "data-full",
    "data-large",
    "data-zoom-image",
    "data-zoom-src",
    "data-pswp-src",
    "data-mfp-src",
    "data-at2x",
    "data-src-retina",
    "data-dark-src",
    "data-background-video",
    "data-background-iframe",
    "spec-url",
    "apidescriptionurl",
    "hx-get",
    "component-url",
    "renderer-url",
    "before-hydration-url",
];

/// By its first letter and its last, where the first name is that looks so; and from each, where the
/// next is.
static FIRST: [[u8; 32]; 32] = chains().0;
static NEXT: [u8; NAMES.len()] = chains().1;

#[expect(clippy::cast_possible_truncation, reason = "there are less than 255")]
const fn chains() -> ([[u8; 32]; 32], [u8; NAMES.len()]) {
    const NONE: u8 = u8::MAX;
    let (mut first, mut next) = ([[NONE; 32]; 32], [NONE; NAMES.len()]);
    let mut at = NAMES.len();
    while at > 0 {
        at -= 1;
        let name = NAMES[at].as_bytes();
        let last = name[name.len() - 1];
        let alike = &mut first[(name[0] & 31) as usize][(last & 31) as usize];
        next[at] = *alike;
        *alike = at as u8;
    }
    (first, next)
}

/// What some names look like: by the first letter, a bit for each length that one has.
pub(crate) struct Shapes([u32; 32]);

impl Shapes {
    pub(crate) const fn of(names: &[&str]) -> Self {
        let mut lengths = [0; 32];
        let mut at = 0;
        while at < names.len() {
            let name = names[at].as_bytes();
            lengths[(name[0] & 31) as usize] |= 1 << name.len();
            at += 1;
        }
        Shapes(lengths)
    }

    /// Tells whether it may be one of them, whatever its case. Most are not.
    pub(crate) fn may_have(&self, name: &[u8]) -> bool {
        let lengths = name
            .first()
            .map_or(0, |first| self.0[usize::from(first & 31)]);
        name.len() < 32 && lengths & (1 << name.len()) != 0
    }
}
