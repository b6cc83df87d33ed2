use http::HeaderValue;
use url::{Position, Url};

/// Returns what a server may know of the page that led to it: the `Referer` field, by the policy of
/// browsers (`strict-origin-when-cross-origin`, W3C Referrer Policy §3.8).
///
/// It is the page's URL for the same origin, the page's origin for others, and nothing if the page
/// came securely and the request does not go so; never a name, a password or a fragment.
///
/// ```
/// # use dragline_fetch::referer;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let page = "https://me:secret@a.example/page?q#part".parse()?;
/// assert_eq!(referer(&page, &"https://a.example/".parse()?).unwrap(), "https://a.example/page?q");
/// assert_eq!(referer(&page, &"https://b.example/".parse()?).unwrap(), "https://a.example/");
/// assert_eq!(referer(&page, &"http://a.example/".parse()?), None);
/// # Ok(()) }
/// ```
pub fn referer(page: &Url, to: &Url) -> Option<HeaderValue> {
    let is_downgrade = page.scheme() == "https" && to.scheme() != "https";
    if !matches!(page.scheme(), "http" | "https") || is_downgrade {
        return None;
    }
    let of_page = |end| {
        let rest = &page[Position::BeforeHost..end];
        format!("{}://{rest}", page.scheme())
    };
    let whole = of_page(Position::AfterQuery);
    let shown = if page.origin() == to.origin() && whole.len() <= LONGEST {
        whole
    } else {
        of_page(Position::BeforePath) + "/"
    };
    HeaderValue::from_str(&shown).ok()
}

/// The longest URL that is shown (W3C Referrer Policy §8.3); of longer ones the origin is.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &str, to: &str) -> Option<String> {
        let value = referer(&page.parse().unwrap(), &to.parse().unwrap())?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn another_origin_learns_the_origin_alone() {
        let page = "http://u:p@a.test:81/x?y=%0D%0A#z";
        let origin = Some("http://a.test:81/".to_owned());
        assert_eq!(
            shown(page, "http://a.test:81/other").unwrap(),
            "http://a.test:81/x?y=%0D%0A"
        );
        for to in [
            "http://a.test/",
            "http://b.a.test:81/",
            "https://a.test:81/",
        ] {
            assert_eq!(shown(page, to), origin, "{to}");
        }
        assert_eq!(shown("https://a.test/x", "http://a.test/x"), None);
        assert_eq!(shown("file:///etc/passwd", "http://a.test/"), None);
        let long = format!("http://a.test/{}", "x".repeat(5000));
        assert_eq!(shown(&long, "http://a.test/").unwrap(), "http://a.test/");
    }
}
