//! Documents in documents.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let page = |name, body: &str| Case::new("frames", name, body);
    let green = "body { background: green }";
    vec![
        page("iframe", "<iframe src=f.html></iframe>").at("f.html", Answer::green()).green("iframe"),
        page("iframe-lazy", "<iframe loading=lazy src=f.html></iframe>").at("f.html", Answer::green()).green("iframe"),
        page("iframe-sandboxed", "<iframe sandbox src=f.html></iframe>").at("f.html", Answer::green()).green("iframe"),
        page("iframe-of-query", "<iframe src='f?page=1&amp;x=2'></iframe>").at("f?page=1&x=2", Answer::green()).green("iframe"),
        page("iframe-in-iframe", "<iframe src=a/f.html></iframe>").at("a/f.html", Answer::html("<body style='margin: 0'><iframe src=../b/g.html style='border: 0; width: 100vw; height: 100vh'>"))
            .at("b/g.html", Answer::html("<link rel=stylesheet href=s.css>")).at("b/s.css", Answer::css(green)).green("iframe"),
        page("iframe-other-host", "<iframe src={there}/iframe-other-host/f.html></iframe>")
            .there("f.html", Answer::html("<link rel=stylesheet href=s.css>")).there("s.css", Answer::css(green)).green("iframe"),
        page("iframe-of-svg", "<iframe src=f.svg width=60 height=60></iframe>").at("f.svg", Answer::svg("<rect width='999' height='999' fill='green'/>")).green("iframe"),
        page("iframe-with-base", "<iframe src=f.html></iframe>").at("f.html", Answer::html("<base href=sub/><link rel=stylesheet href=s.css>")).at("sub/s.css", Answer::css(green)).green("iframe"),
        page("iframe-by-script", "<p>A frame:</p><script>const frame = document.createElement('iframe'); frame.src = 'f.html'; document.body.append(frame)</script><a href=f.html></a>")
            .at("f.html", Answer::green()).green("iframe"),
        page("srcdoc", "<iframe srcdoc=\"<link rel=stylesheet href=&quot;s.css&quot;>\"></iframe>").at("s.css", Answer::css(green)).green("iframe"),
        page("srcdoc-image", "<iframe srcdoc='<body style=&quot;margin:0&quot;><img width=400 height=400 src=i.png>'></iframe>").image("i.png").green("iframe"),
        page("srcdoc-in-srcdoc", "<iframe srcdoc='<body style=margin:0><iframe style=border:0;width:100vw;height:100vh srcdoc=\"<link rel=stylesheet href=&amp;quot;s.css&amp;quot;>\">'></iframe>")
            .at("s.css", Answer::css(green)).green("iframe"),
        page("srcdoc-with-base", "<iframe srcdoc='<base href=sub/><link rel=stylesheet href=s.css>'></iframe>").at("sub/s.css", Answer::css(green)).green("iframe"),
        Case::answered("frames", "frameset", Answer::html("<title>Frames</title><frameset cols='50%,50%'><frame src=f.html><frame src=f.html></frameset>"))
            .at("f.html", Answer::green()).green("frame"),
        page("frame-target", "<iframe name=f></iframe><a id=go target=f href=f.html>go</a>").at("f.html", Answer::green()).clicked().green("iframe"),
        page("object-page", "<object data=f.html type=text/html width=60 height=60></object>").at("f.html", Answer::green()).green("object"),
        page("object-svg", "<object data=f.svg type=image/svg+xml width=60 height=60></object>").at("f.svg", Answer::svg("<rect width='60' height='60' fill='green'/>")).green("object"),
        page("object-image", "<object data=i.png width=60 height=60></object>").image("i.png").green("object"),
        page("object-fallback", "<object data=missing.png width=60 height=60><img src=i.png></object>").image("i.png").loads("img"),
        page("embed-svg", "<embed src=f.svg width=60 height=60>").at("f.svg", Answer::svg("<image href='i.png' width='60' height='60'/>")).image("i.png").green("embed"),
        page("embed-page", "<embed src=f.html type=text/html width=60 height=60>").at("f.html", Answer::green()).green("embed"),
    ]
}
