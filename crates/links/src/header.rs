use std::ops::Range;

use url::Url;

use crate::holds::rel;
use crate::link::{Kind, Place, Role, Within};
use crate::resolve::Target;
use crate::{Link, refresh};

/// Returns what a `Link` (RFC 8288 §3) or `Refresh` header refers to by `http` and `https`; of any
/// other header, nothing. The spans refer to `value`, `base` is where the response is from.
///
/// ```
/// use dragline_links::{Kind, Role, header_links};
/// let links = header_links("Link", "<a.css>; rel=preload; as=style", &"http://h/d/".parse()?);
/// assert_eq!((links[0].url.as_str(), links[0].role), ("http://h/d/a.css", Role::Preload));
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn header_links(name: &str, value: &str, base: &Url) -> Vec<Link> {
    let link = |span: Range<usize>, (kind, role): (Kind, Role), within: Within| {
        let text = value[span.clone()].trim();
        let url = Target::of(base.join(text).ok()?)?;
        (!text.is_empty()).then(|| Link {
            url,
            kind,
            role,
            span,
            text: text.to_owned(),
            place: Place::new(within, None),
            ..Link::nothing()
        })
    };
    if name.eq_ignore_ascii_case("refresh") {
        let url = refresh::url(value);
        let found =
            url.and_then(|span| link(span, (Kind::Navigation, Role::Refresh), Within::Refresh));
        return found.into_iter().collect();
    }
    if !name.eq_ignore_ascii_case("link") {
        return Vec::new();
    }
    let mut links = Vec::new();
    let mut at = 0;
    while let Some(begin) = value[at..].find('<') {
        let start = at + begin + 1;
        let Some(length) = value[start..].find('>') else {
            break;
        };
        let end = start + length;
        let parameters = parameters(&value[end + 1..]);
        at = end + 1 + parameters.length;
        // Links about another resource are none of this one.
        if !parameters.is_elsewhere {
            let role = rel(
                parameters.rel.unwrap_or_default(),
                parameters.media_type.unwrap_or_default(),
            );
            links.extend(link(start..end, role, Within::Header));
        }
    }
    links
}

#[derive(Default)]
struct Parameters<'v> {
    rel: Option<&'v str>,
    media_type: Option<&'v str>,
    is_elsewhere: bool,
    /// Up to the comma behind them.
    length: usize,
}

fn parameters(value: &str) -> Parameters<'_> {
    let mut parameters = Parameters::default();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() || rest.starts_with(',') {
            parameters.length = value.len() - rest.len();
            return parameters;
        }
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        rest = &rest[end..];
        let mut text = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start_matches([' ', '\t']);
            let (begin, end) = match after.strip_prefix('"') {
                Some(quoted) => (1, 1 + end_of_quoted(quoted)),
                None => (0, after.find([';', ',']).unwrap_or(after.len())),
            };
            text = after[begin..end].trim();
            rest = after[end..].strip_prefix('"').unwrap_or(&after[end..]);
        }
        match name.to_ascii_lowercase().as_str() {
            "rel" => parameters.rel = parameters.rel.or(Some(text)),
            "type" => parameters.media_type = parameters.media_type.or(Some(text)),
            "anchor" => parameters.is_elsewhere = true,
            _ => {}
        }
    }
}

/// RFC 9110 §5.6.4.
fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: &[(&str, Role)]) {
        let base = Url::parse("http://h/d/").unwrap();
        let links = header_links(name, value, &base);
        let links: Vec<_> = links
            .iter()
            .map(|link| (link.url.as_str(), link.role))
            .collect();
        assert_eq!(links, expected, "{value}");
    }

    #[test]
    fn links_are_found_as_in_the_rfc() {
        check(
            "LINK",
            "</a,b>; REL=\"next prev\", <c> ;title=\"x, <no>; \\\" y\"; rel = stylesheet,<d>",
            &[
                ("http://h/a,b", Role::Related),
                ("http://h/d/c", Role::Stylesheet),
                ("http://h/d/d", Role::Related),
            ],
        );
        check(
            "Link",
            "<a>; rel=alternate; type=\"application/rss+xml\"",
            &[("http://h/d/a", Role::Feed)],
        );
        check("Link", "<a>; rel=next; anchor=\"#x\"", &[]);
        check("Link", "<a; rel=next", &[]);
        check("Link", "<mailto:x@y>, <>", &[]);
        check(
            "Link",
            "<a>; rel=\"next",
            &[("http://h/d/a", Role::Related)],
        );
    }

    #[test]
    fn a_refresh_leads_on() {
        check("refresh", "5; url=a", &[("http://h/d/a", Role::Refresh)]);
        check("Refresh", "5", &[]);
        check("Location", "a", &[]);
    }
}
