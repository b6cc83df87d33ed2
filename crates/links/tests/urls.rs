//! What URLs mean in documents, against the tests of the URL standard as the `url` crate has them.

use std::fs;
use std::path::Path;

use dragline_links::{Format, extract};
use url::Url;

#[test]
fn agrees_on_the_tests_of_the_url_standard() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/urltestdata.json");
    let tests: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut compared = 0;
    for test in tests.as_array().unwrap() {
        let Some(input) = test["input"].as_str() else {
            continue;
        };
        let base = test["base"].as_str().unwrap_or("http://h/d/page");
        let Ok(base) = Url::parse(base) else { continue };
        // The crate's own judgement, which has a list of known failures, of the text as it is.
        let expected = base
            .join(input)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        if input.trim_matches(|char| char <= ' ').is_empty()
            || input.trim().starts_with('#')
            || input.contains('\0')
        {
            continue;
        }
        let escaped = input
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('\r', "&#13;");
        let page = format!("<a href=\"{escaped}\">");
        let links = extract(page.as_bytes(), Format::Html, Some("utf-8"), &base);
        let found = links.first().map(|link| link.url.to_url());
        assert_eq!(found, expected, "{input:?} at {base}");
        if let Some(link) = links.first() {
            assert_eq!(page[link.span.clone()], escaped, "{input:?}");
        }
        compared += 1;
    }
    assert!(compared > 400, "{compared} compared");
}
