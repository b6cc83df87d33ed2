//! The site beside each behaviour: 20 pages that have to be in the copy, byte for byte.

use super::script::{HTML, Script};
use crate::torture::random::Random;

/// How many good pages there are, beside the first.
pub(crate) const PAGES: usize = 20;

/// Returns the path of a good page.
pub(crate) fn path(page: usize) -> String {
    format!("/good/{page:02}.{}", kind(page).0)
}

/// Returns the good page that a target asks for.
pub(crate) fn find(target: &str) -> Option<usize> {
    (0..PAGES).find(|page| path(*page) == target)
}

/// Answers with a good page.
pub(crate) fn answer(page: usize) -> Script {
    let fields = format!("content-type: {}\r\n", kind(page).1);
    Script::ok(&fields, content(page))
}

/// Returns what is on a good page: nothing that a link's rewriting would change.
pub(crate) fn content(page: usize) -> Vec<u8> {
    let next = path((page + 1) % PAGES);
    let next = next.rsplit('/').next().unwrap_or_default();
    match kind(page).0 {
        "html" => {
            let words = if page == LONG { 20_000 } else { 40 };
            let words = format!("good page {page}, ").repeat(words);
            format!(
                "<!DOCTYPE html>\n<title>{page}</title>\n<p>{words}\n<a href=\"{next}\">next</a>\n"
            )
            .into_bytes()
        }
        "css" => format!("/* {page} */\nbody {{ background: url(\"{next}\") }}\n").into_bytes(),
        "txt" => format!("good text {page}\n").into_bytes(),
        _ => Random::of(20, page as u64).bytes(5_000),
    }
}

/// Answers with the first page, which names all good ones and, in the middle of them, what else is to be found.
pub(crate) fn first(more: &str) -> Script {
    let link = |page| format!("<a href=\"{}\">{page}</a>\n", path(page));
    let (before, after): (String, String) = (
        (0..PAGES / 2).map(link).collect(),
        (PAGES / 2..PAGES).map(link).collect(),
    );
    let html = format!("<!DOCTYPE html>\n<title>first</title>\n{before}{more}\n{after}");
    Script::ok(HTML, html)
}

/// The end of its name, and its type.
fn kind(page: usize) -> (&'static str, &'static str) {
    match page % 5 {
        1 => ("png", "image/png"),
        2 if page < 10 => ("css", "text/css"),
        2 => ("txt", "text/plain"),
        _ => ("html", "text/html"),
    }
}

/// The page that is longer than a connection's buffers.
const LONG: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_by_its_path_and_is_no_other() {
        for page in 0..PAGES {
            assert_eq!(find(&path(page)), Some(page));
            let same = (0..PAGES).filter(|other| content(*other) == content(page));
            assert_eq!(same.count(), 1);
        }
        assert_eq!(find("/good/99.html"), None);
    }
}
