//! What things are called.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

/// A link, and the address it leads to.
fn link(name: &'static str, href: &str, address: &str) -> Case {
    Case::new("names", name, &format!("<a id=go href=\"{href}\">go</a>"))
        .target(address)
        .goes()
}

/// Two images whose addresses are close to each other: the one is right, the other has the same name nearly.
fn two(name: &'static str, right: &str, wrong: &str) -> Case {
    Case::new(
        "names",
        name,
        &format!("<img src=\"{right}\"><img src=\"{wrong}\">"),
    )
    .image(right)
    .at(wrong, Answer::decoy())
    .script("document.images[0].naturalWidth === 21 && document.images[1].naturalWidth === 10")
}

pub(super) fn cases() -> Vec<Case> {
    let long = "n".repeat(300);
    let query = "q=".to_owned() + &"v".repeat(3_000);
    let deep = "deep/".repeat(60);
    vec![
        link("name-space", "a b.html", "a%20b.html"),
        link("name-space-coded", "a%20b.html", "a%20b.html"),
        link("name-plus", "a+b.html", "a+b.html"),
        link("name-unicode", "Grüße.html", "Gr%C3%BC%C3%9Fe.html"),
        link(
            "name-unicode-coded",
            "%E6%97%A5%E6%9C%AC",
            "%E6%97%A5%E6%9C%AC",
        ),
        link("name-emoji", "🕷/🕸.html", "%F0%9F%95%B7/%F0%9F%95%B8.html"),
        two("name-composed", "%C3%A9.png", "e%CC%81.png"),
        link("name-no-utf8", "%E9%FF.html", "%E9%FF.html"),
        link("name-percent", "100%25.html", "100%25.html"),
        link("name-percent-twice", "a%2520b.html", "a%2520b.html"),
        link("name-percent-bare", "100%.html", "100%.html"),
        two("name-coded-slash", "a%2Fb.png", "a/b.png"),
        link("name-coded-question", "what%3F.html", "what%3F.html"),
        two("name-question-and-query", "a%3Fb.png", "a?b.png"),
        link("name-coded-hash", "c%23.html", "c%23.html"),
        link("name-semicolon", "a;v=1.html", "a;v=1.html"),
        link("name-ampersand", "a&amp;b=c.html", "a&b=c.html"),
        link("name-colon", "./a:b.html", "a:b.html"),
        link("name-star-and-quotes", "*'&quot;.html", "*'%22.html"),
        link("name-less-than", "&lt;a&gt;.html", "%3Ca%3E.html"),
        link("name-tilde-and-at", "~me@home/t.html", "~me@home/t.html"),
        link("name-backslash-coded", "a%5Cb.html", "a%5Cb.html"),
        link("name-device", "con", "con"),
        link("name-device-with-ending", "aux.html", "aux.html"),
        link("name-dot-at-the-end", "t.", "t."),
        link("name-dotfile", ".well-known/t.html", ".well-known/t.html"),
        link("name-of-the-state", ".dragline/t.html", ".dragline/t.html"),
        link("name-dots-coded", "sub/%2e%2e/t.html", "t.html"),
        two("name-case", "Image.png", "image.png"),
        two("name-case-of-folder", "Dir/i.png", "dir/i.png"),
        two("name-page-and-folder", "a", "a/b"),
        two("name-page-and-folder-slash", "a/", "a"),
        two("name-file-and-html", "a.html", "a"),
        two("name-two-queries", "i?x=1&y=2", "i?y=2&x=1"),
        two("name-query-and-none", "i.png?", "i.png?x"),
        two("name-query-or-name", "i?x=1", "i@x=1"),
        two("name-double-slash", "a//i.png", "a/i.png"),
        two("name-index", "d/", "d/index.php"),
        link("name-index-html", "d/index.html", "d/index.html").at("d/", Answer::html("other")),
        Case::new(
            "names",
            "name-index-of-query",
            "<a id=go href='d/?page=2'>go</a><a href=d/>d</a>",
        )
        .at("d/", Answer::html("one"))
        .target("d/?page=2")
        .goes(),
        link("name-slash-at-the-end", "t/", "t/"),
        link(
            "name-long",
            &format!("{long}.html"),
            &format!("{long}.html"),
        ),
        two(
            "name-long-twice",
            &format!("{long}1.png"),
            &format!("{long}2.png"),
        ),
        link(
            "name-long-query",
            &format!("t?{query}"),
            &format!("t?{query}"),
        ),
        link(
            "name-deep",
            &format!("{deep}t.html"),
            &format!("{deep}t.html"),
        ),
        link(
            "name-slashes-in-query",
            "t?u=http://h/a/../b",
            "t?u=http://h/a/../b",
        ),
        link("name-query-coded", "t?q=a%26b+c%20d", "t?q=a%26b+c%20d"),
        link("name-query-unicode", "t?q=日", "t?q=%E6%97%A5"),
        link(
            "name-host-in-capitals",
            "HTTP://127.0.0.1:{port}/name-host-in-capitals/t.html",
            "t.html",
        ),
    ]
}
