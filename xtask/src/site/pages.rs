//! A site of any size, known by formula.

use std::fmt::Write;

/// How far apart the pages begin to read their filler: a page's place in it is a number of 16 bits.
const SPREAD: usize = 1 << 16;

/// What the filler says. The words are as long as English ones, so that a page compresses about as a page of text does.
const WORDS: [&str; 32] = [
    "a", "thread", "that", "holds", "is", "laid", "before", "the", "web", "and", "spider", "of",
    "first", "to", "walks", "in", "every", "corner", "it", "returns", "by", "line", "kept", "for",
    "wind", "with", "moving", "house", "on", "between", "branches", "again",
];

/// The pages of a site made by formula: the same for the same three measures, at each start and on each machine.
///
/// Page 0 is `/` and page `i` is `/page/i.html`. Page `i` links to the pages `i * links + 1 ..= i * links + links`,
/// modulo the number of pages: a tree whose root is page 0 and whose nodes have `links` children, so that every page is
/// reachable; the leaves link back to wherever that falls.
#[derive(Debug)]
pub(crate) struct Pages {
    count: u32,
    links: u32,
    bytes: usize,
    /// Words, `SPREAD` bytes longer than any page needs. ASCII, so that it can be cut anywhere.
    filler: String,
}

impl Pages {
    /// Measures a site of `count` pages with `links` links each.
    ///
    /// Each page is `bytes` long; one whose links alone take more is as long as they need.
    pub(crate) fn new(count: u32, links: u32, bytes: usize) -> Self {
        Self {
            count,
            links,
            bytes,
            filler: filler(SPREAD + bytes),
        }
    }

    /// Returns the number of pages.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Returns the size that pages are padded to.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the page at this address: a path, with its query if it has one.
    ///
    /// A page has one address, letter by letter: whoever asks for it by two shows up in the counts.
    pub(crate) fn find(&self, address: &str) -> Option<u32> {
        if address == "/" {
            return Some(0);
        }
        let digits = address.strip_prefix("/page/")?.strip_suffix(".html")?;
        // `parse` would take `+7` and `007` too.
        if !digits.starts_with(|first: char| matches!(first, '1'..='9')) {
            return None;
        }
        digits.parse().ok().filter(|page| *page < self.count)
    }

    /// Returns the address of a page.
    pub(crate) fn address(page: u32) -> String {
        match page {
            0 => "/".to_owned(),
            page => format!("/page/{page}.html"),
        }
    }

    /// Returns the pages that a page links to, in the order of its links.
    pub(crate) fn links(&self, page: u32) -> impl Iterator<Item = u32> {
        let count = u64::from(self.count);
        let before = u64::from(page) * u64::from(self.links);
        (1..=u64::from(self.links)).map(move |link| {
            // The remainder is below `count`, which is a `u32`.
            u32::try_from((before + link) % count).unwrap_or(0)
        })
    }

    /// Writes a page.
    pub(crate) fn html(&self, page: u32) -> String {
        // 64 bytes hold the longest link, 256 what is around the links: one allocation.
        let links = usize::try_from(self.links).unwrap_or(usize::MAX);
        let room = links.saturating_mul(64).saturating_add(256);
        let mut html = String::with_capacity(room.max(self.bytes));
        self.push_head(&mut html, page);
        html.push_str("<p>");
        push_name(&mut html, page);
        let end = "</p>\n</body>\n</html>\n";
        let missing = self.bytes.saturating_sub(html.len() + end.len());
        // Fibonacci hashing: neighbouring pages begin far apart.
        let start = usize::from((page.wrapping_mul(2_654_435_769) >> 16) as u16);
        html.push_str(&self.filler[start..start + missing]);
        html.push_str(end);
        html
    }

    fn push_head(&self, html: &mut String, page: u32) {
        let written = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Page {page}</title></head>\n\
             <body>\n<h1>Page {page}</h1>\n<ul>\n"
        );
        written.expect("a String takes all that is written to it");
        for link in self.links(page) {
            let written = match link {
                0 => writeln!(html, "<li><a href=\"/\">Page 0</a></li>"),
                _ => writeln!(
                    html,
                    "<li><a href=\"/page/{link}.html\">Page {link}</a></li>"
                ),
            };
            written.expect("a String takes all that is written to it");
        }
        html.push_str("</ul>\n");
    }
}

/// Writes a word that no other page has: a page of a real site says something that no other says.
fn push_name(html: &mut String, page: u32) {
    let mut rest = page;
    loop {
        // Below 32.
        html.push_str(WORDS[usize::try_from(rest % 32).unwrap_or(0)]);
        rest /= 32;
        if rest == 0 {
            break;
        }
    }
    html.push_str(". ");
}

/// Returns this many bytes of words, in an order without a period.
fn filler(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut state = 0_u64;
    while text.len() < bytes {
        // Knuth's MMIX generator; its upper bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[usize::from((state >> 59) as u8)]);
        text.push(' ');
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use super::Pages;

    #[test]
    fn every_page_is_reachable_from_the_first() {
        for (count, links) in [
            (1, 1),
            (2, 1),
            (7, 1),
            (100, 2),
            (1_000, 3),
            (999, 20),
            (5, 50),
        ] {
            let pages = Pages::new(count, links, 0);
            let mut seen = HashSet::from([0]);
            let mut next = VecDeque::from([0]);
            while let Some(page) = next.pop_front() {
                next.extend(pages.links(page).filter(|link| seen.insert(*link)));
            }
            assert_eq!(seen.len(), count as usize, "{count} pages, {links} links");
        }
    }

    #[test]
    fn links_of_the_last_page_do_not_overflow() {
        let pages = Pages::new(u32::MAX, 20, 0);
        let last = pages.count() - 1;
        assert_eq!(pages.links(last).count(), 20);
        assert!(pages.links(last).all(|link| link < pages.count()));
    }

    #[test]
    fn html_has_exactly_the_bytes_asked_for() {
        for bytes in [1_000, 1_001, 8_000, 100_000] {
            let pages = Pages::new(500, 5, bytes);
            for page in [0, 1, 42, 499] {
                assert_eq!(pages.html(page).len(), bytes);
            }
        }
    }

    #[test]
    fn html_too_small_for_its_links_is_as_long_as_they_need() {
        let pages = Pages::new(500, 20, 10);
        let html = pages.html(3);
        assert_eq!(html.matches("<a href=").count(), 20);
        assert!(html.ends_with("<p>holds. </p>\n</body>\n</html>\n"));
    }

    #[test]
    fn html_names_each_link_by_its_address() {
        let pages = Pages::new(50, 4, 4_000);
        let html = pages.html(49);
        let hrefs: Vec<_> = html
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let links: Vec<_> = pages.links(49).map(Pages::address).collect();
        assert_eq!(hrefs, links);
        assert!(links.contains(&"/".to_owned()));
    }

    #[test]
    fn html_is_the_same_each_time_and_another_for_each_page() {
        let pages = Pages::new(300, 1, 2_000);
        let again = Pages::new(300, 1, 2_000);
        let all: HashSet<_> = (0..300).map(|page| pages.html(page)).collect();
        assert_eq!(all.len(), 300);
        assert!((0..300).all(|page| all.contains(&again.html(page))));
    }

    #[test]
    fn a_page_has_one_address() {
        let pages = Pages::new(10, 2, 0);
        for page in 0..10 {
            assert_eq!(pages.find(&Pages::address(page)), Some(page));
        }
        for address in [
            "/index.html",
            "/page/0.html",
            "/page/10.html",
            "/page/01.html",
            "/page/+1.html",
            "/page/1.html?",
            "/page/1.html?a=b",
            "/page/1",
            "/page/.html",
            "/page/99999999999.html",
            "/?a",
            "",
        ] {
            assert_eq!(pages.find(address), None, "{address}");
        }
    }
}
