//! What holds of any document, whatever is in it. The fuzz targets ask this, and so do the tests.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dragline_links::{Document, Edit, Format, Kind, Role, Spans, Target, each_target_and_spans};
use url::Url;

/// A document that is made with spans is the same; and with any others, it is some document, or none.
fn with_spans(
    document: &Document<'_>,
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    spans: &Spans,
) {
    let url = Url::parse("http://h/d/page").expect("it is a URL");
    let made = |spans: &Spans| Document::with_spans(content, format, charset, &url, spans);
    let same = made(spans).expect("they are of it");
    assert!(same.links().eq(document.links()));
    assert_eq!(same.head(), document.head());
    assert_eq!(same.charset(), document.charset());
    assert_eq!(same.base(), document.base());
    assert_eq!(same.is_data(), document.is_data());
    let mut bytes = spans.as_bytes().to_vec();
    for at in 0..bytes.len().min(64) {
        bytes[at] = bytes[at].wrapping_mul(31).wrapping_add(7);
        if let Some(other) = made(&Spans::from_bytes(bytes.clone())) {
            let _ = other.rewrite("<head>", |_| Some(put()));
        }
    }
}

/// Panics where a law is broken.
pub(crate) fn check(content: &[u8], format: Format, charset: Option<&str>) {
    let url = Url::parse("http://h/d/page").expect("it is a URL");
    let document = Document::new(content, format, charset, &url);
    let transcoded = document.charset().name == "ISO-2022-JP";

    let bound = if transcoded {
        usize::MAX
    } else {
        content.len()
    };
    let mut end = 0;
    for link in document.links() {
        let spans = [&link.span, &link.tag, &link.element];
        for span in spans.into_iter().chain(&link.guards) {
            assert!(
                span.start <= span.end && span.end <= bound,
                "{span:?} in {content:?}"
            );
            let _ = document.text(span.clone());
        }
        assert!(end <= link.span.start, "{link:?} overlaps");
        end = link.span.end;
    }
    assert!(document.head().is_none_or(|head| head <= bound));

    let whole = |url: &Target, kind: Kind| {
        assert_eq!(url.to_url().as_str(), url.as_str());
        (url.without_fragment().to_owned(), format!("{kind:?}"))
    };
    let all = document.links();
    let all: BTreeSet<_> = all.map(|link| whole(&link.url, link.kind)).collect();
    let mut targets = BTreeSet::new();
    let (_, spans) = each_target_and_spans(content, format, charset, &url, |url, kind| {
        targets.insert(whole(url, kind));
    });
    if let Some(spans) = spans {
        with_spans(&document, content, format, charset, &spans);
    }
    assert!(targets.is_superset(&all), "{targets:?} {all:?}");
    // Names of files in scripts are no links.
    targets.retain(|(_, kind)| kind != "Guess");
    let is_link = |(_, kind): &&(String, String)| kind != "Guess";
    assert!(
        targets.iter().eq(all.iter().filter(is_link)),
        "{targets:?} {all:?}"
    );

    let kept = document.rewrite("", |_| None);
    assert!(
        matches!(kept, Cow::Borrowed(_)),
        "what is left as it is has changed"
    );

    let once = document.rewrite("", |_| Some(put()));
    let again = Document::new(&once, format, charset, &url);
    if again.charset().name != document.charset().name {
        // What was read by a guess, or by what stood near the beginning, may now be read by another.
        return;
    }
    let twice = again.rewrite("", |_| Some(put()));
    assert!(twice == once, "{:?} is not {:?}", show(&twice), show(&once));
    assert_eq!(
        again.links().count(),
        document.links().count(),
        "{:?}",
        show(&once)
    );
    for (before, after) in document.links().zip(again.links()) {
        assert_eq!(after.role, before.role);
        // In a list of commas, one cannot stand.
        let url = after.url.as_str().replace("%2C", ",");
        assert_eq!(url, NEW, "{:?}", show(&once));
    }

    // Nothing else may panic either.
    let mut document = document;
    document.drop_policies();
    let _ = document.rewrite("<meta charset=utf-8>", |link| {
        Some(match link.role {
            Role::Anchor => Edit::Unguarded(String::new()),
            _ => Edit::Element("<é>".to_owned()),
        })
    });
}

fn put() -> Edit {
    Edit::Unguarded(NEW.to_owned())
}

fn show(content: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(content)
}

/// A URL with what must be escaped in one place or another, and stays what it is.
const NEW: &str = "http://new/a/?b&copy=%C3%A9,(c)#f=g";
