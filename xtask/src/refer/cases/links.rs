//! What one clicks.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

/// A page that is clicked in, and the target it leads to.
fn link(name: &'static str, body: &str, target: &str) -> Case {
    Case::new("links", name, body).target(target).goes()
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        link("a-relative", "<a id=go href=t.html>go</a>", "t.html"),
        link("a-from-the-root", "<a id=go href=/a-from-the-root/sub/t.html>go</a>", "sub/t.html"),
        link("a-absolute", "<a id=go href={here}/a-absolute/t.html>go</a>", "t.html"),
        link("a-without-scheme", "<a id=go href=//127.0.0.1:{port}/a-without-scheme/t.html>go</a>", "t.html"),
        link("a-of-two-queries", "<a href='t?x=1'>1</a><a id=go href='t?x=2'>2</a>", "t?x=2").at("t?x=1", Answer::html("wrong")),
        link("a-query-only", "<a id=go href='?p=2'>go</a>", "?p=2"),
        link("a-fragment", "<a id=go href=t.html#arrived>go</a>", "t.html").script("location.hash === '#arrived' && document.querySelector(':target').id === 'arrived'"),
        Case::new("links", "a-fragment-here", "<a id=go href=#x>go</a><p id=x>x</p>").clicked()
            .script("document.querySelector(':target').id === 'x' && document.title === 'a-fragment-here'"),
        Case::new("links", "a-fragment-coded", "<a id=go href='t.html#%C3%BC'>go</a>")
            .at("t.html", Answer::html("<!doctype html><meta charset=utf-8><p id='ü'>x</p>")).clicked().script("document.querySelector(':target').id === 'ü'"),
        link("a-entities", "<a id=go href='t?a=1&amp;b=&#50;'>go</a>", "t?a=1&b=2"),
        link("a-entity-without-semicolon", "<a id=go href='t?a=1&copy=2&amp=3'>go</a>", "t?a=1&copy=2&amp=3"),
        link("a-unquoted-in-capitals", "<A ID=go HREF=t.html>go</A>", "t.html"),
        link("a-spaces-around", "<a id=go href=' \n\tt.html\n '>go</a>", "t.html"),
        link("a-line-break-inside", "<a id=go href='t.\n\thtml'>go</a>", "t.html"),
        link("a-dots", "<a id=go href='./no/../sub/./t.html'>go</a>", "sub/t.html"),
        link("a-backslash", "<a id=go href='sub\\t.html'>go</a>", "sub/t.html"),
        link("a-twice-href", "<a id=go href=t.html href=no.html>go</a>", "t.html"),
        link("area", "<img usemap=#m src=i.png width=60 height=60><map name=m><area id=go shape=rect coords=0,0,60,60 href=t.html></map>", "t.html").image("i.png"),
        link("base-relative", "<base href=sub/><a id=go href=t.html>go</a>", "sub/t.html"),
        link("base-absolute", "<base href={here}/base-absolute/sub/deep/><a id=go href=../t.html>go</a>", "sub/t.html"),
        link("base-after-a-link", "<a id=go href=t.html>go</a><base href=sub/>", "sub/t.html"),
        Case::new("links", "base-and-fragment", "<base href=sub/><a id=go href='../#x'>go</a><p id=x>x</p>").clicked()
            .script("document.querySelector(':target').id === 'x' && document.title === 'base-and-fragment'"),
        link("form-action", "<form action=t.html><button id=go>go</button></form>", "t.html").at("t.html?", Answer::moved(302, "/form-action/t.html")),
        link("button-formaction", "<form><button id=go formaction=t.html>go</button></form>", "t.html").at("t.html?", Answer::moved(302, "/button-formaction/t.html")),
        link("svg-a", "<svg width=60 height=60><a id=go href=t.html><rect width=60 height=60 /></a></svg>", "t.html").clicked(),
        link("svg-a-xlink", "<svg width=60 height=60 xmlns:xlink='http://www.w3.org/1999/xlink'><a id=go xlink:href=t.html><rect width=60 height=60 /></a></svg>", "t.html"),
        Case::new("links", "meta-refresh", "<meta http-equiv=refresh content='0; url=t.html'>").target("t.html").arrives(),
        Case::new("links", "meta-refresh-loosely", "<META HTTP-EQUIV=Refresh CONTENT=\"0,URL = 't.html'\">").target("t.html").arrives(),
        Case::new("links", "meta-refresh-bare", "<meta http-equiv=refresh content='0; t.html'>").target("t.html").arrives(),
        Case::new("links", "a-elsewhere", "<a id=x href=http://example.org/a/../b?q#f>away</a>").script("document.querySelector('#x').href === 'http://example.org/b?q#f'"),
        Case::new("links", "a-other-schemes", "<a href=mailto:a@example.org>m</a><a href='tel:+1'>t</a><a href='data:,x'>d</a>")
            .script("[...document.links].map(a => a.href).join() === 'mailto:a@example.org,tel:+1,data:,x'"),
        Case::new("links", "a-javascript", "<a id=go href='javascript:void(window.ok = true)'>go</a>").clicked().script("window.ok === true"),
        Case::new("links", "a-not-found", "<a id=x href=nothing.html>gone</a>").script("document.querySelector('#x').href === '{here}/a-not-found/nothing.html'"),
        Case::new("links", "cite", "<q cite=i.png>q</q><img><script>document.images[0].src = document.querySelector('q').cite</script>").image("i.png").loads("img"),
        Case::new("links", "longdesc", "<img longdesc=t.html><a id=go>go</a><script>document.querySelector('#go').href = document.images[0].longDesc</script>").target("t.html").goes(),
        link("link-next", "<link rel=next href=t.html><a id=go href=#>go</a><script>document.querySelector('#go').href = document.querySelector('link').href</script>", "t.html"),
        link("onclick", "<button id=go onclick=\"location.href = 't.html'\">go</button><a href=t.html></a>", "t.html"),
        link("a-in-xmp-and-comment", "<!-- <a id=go href=no.html> --><xmp><a id=go href=no.html></xmp><textarea><a id=go href=no.html></textarea><a id=go href=t.html>go</a>", "t.html"),
        link("a-in-unclosed-tags", "<div <p><a id=go href=t.html<b>go</a><a id=go href='t.html'>go", "t.html").at("t.html%3Cb", Answer::moved(302, "t.html")),
        link("a-after-a-script", "<script>var a = '<!--<script>', b = '</scr' + 'ipt>'</script><a href=t.html>x</a>--></script><a id=go href=t.html>go</a>", "t.html"),
    ]
}
