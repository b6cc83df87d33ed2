//! What is somewhere else by now.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

fn link(name: &'static str, status: u16, to: &str) -> Case {
    Case::new("redirects", name, "<a id=go href=old>go</a>")
        .at("old", Answer::moved(status, to))
        .target("new.html")
        .goes()
}

pub(super) fn cases() -> Vec<Case> {
    let page = |name, body: &str| Case::new("redirects", name, body);
    vec![
        link("redirect-301", 301, "new.html"),
        link("redirect-302", 302, "/redirect-302/new.html"),
        link("redirect-303", 303, "{here}/redirect-303/new.html"),
        link("redirect-307", 307, "./new.html"),
        link("redirect-308", 308, "new.html"),
        link("redirect-chain", 301, "older")
            .at("older", Answer::moved(302, "oldest"))
            .at("oldest", Answer::moved(307, "new.html")),
        page("redirect-with-fragment", "<a id=go href=old>go</a>")
            .at("old", Answer::moved(301, "new.html#arrived"))
            .target("new.html")
            .clicked()
            .script("document.querySelector(':target').id === 'arrived'"),
        page(
            "redirect-keeps-fragment",
            "<a id=go href=old#arrived>go</a>",
        )
        .at("old", Answer::moved(301, "new.html"))
        .target("new.html")
        .clicked()
        .script("document.querySelector(':target').id === 'arrived'"),
        page("redirect-to-folder", "<a id=go href=dir>go</a>")
            .at("dir", Answer::moved(301, "dir/"))
            .at("dir/", Answer::html("<img src=i.png>"))
            .image("dir/i.png")
            .clicked()
            .loads("img"),
        page("redirect-to-query", "<a id=go href='?old'>go</a>")
            .at("?old", Answer::moved(302, "?new=1"))
            .target("?new=1")
            .goes(),
        page(
            "redirect-by-query",
            "<a href='r?to=a'>a</a><a id=go href='r?to=b'>go</a>",
        )
        .at("r?to=a", Answer::moved(302, "a.html"))
        .at("a.html", Answer::html("a"))
        .at("r?to=b", Answer::moved(302, "b.html"))
        .target("b.html")
        .goes(),
        page("redirect-in-raw-utf8", "<a id=go href=old>go</a>")
            .at("old", Answer::moved(301, "n%C3%A9w.html"))
            .target("n%C3%A9w.html")
            .goes(),
        page("redirect-of-image", "<img src=old.png>")
            .at("old.png", Answer::moved(302, "new.png"))
            .image("new.png")
            .loads("img"),
        page("redirect-of-image-to-other-host", "<img src=old.png>")
            .at(
                "old.png",
                Answer::moved(302, "{there}/redirect-of-image-to-other-host/new.png"),
            )
            .there("new.png", Answer::image())
            .loads("img"),
        page(
            "redirect-of-style",
            "<link rel=stylesheet href=old.css><div id=x style='width: 60px; height: 60px'></div>",
        )
        .at("old.css", Answer::moved(301, "css/new.css"))
        .at("css/new.css", Answer::css("#x { background: url(i.png) }"))
        .image("css/i.png")
        .green("#x"),
        page("redirect-of-script", "<script src=old.js></script>")
            .at("old.js", Answer::moved(301, "new.js"))
            .at("new.js", Answer::ok()),
        page("redirect-of-frame", "<iframe src=old></iframe>")
            .at("old", Answer::moved(301, "sub/new.html"))
            .at(
                "sub/new.html",
                Answer::html("<link rel=stylesheet href=new.css>"),
            )
            .at("sub/new.css", Answer::css("body { background: green }"))
            .green("iframe"),
        page(
            "redirect-of-import",
            "<style>@import 'old.css';</style><p id=x>x",
        )
        .at("old.css", Answer::moved(302, "new.css"))
        .at("new.css", Answer::css("#x { color: green }"))
        .styled("#x"),
        page("redirect-with-body", "<a id=go href=old>go</a>")
            .at("old", {
                let mut answer = Answer::moved(302, "new.html");
                answer.body = b"<a href=nowhere.html>moved</a>".to_vec();
                answer.header("content-type", "text/html")
            })
            .target("new.html")
            .goes(),
    ]
}
