//! `<link>`, in its many relations.

use crate::refer::answer::{Answer, integrity};
use crate::refer::case::Case;

/// A sheet that cannot stay as it is.
const IMPORTING: &str = "@import '/stylesheet-integrity-rewritten/s.css';";

pub(super) fn cases() -> Vec<Case> {
    let style = |name, head: &str| {
        Case::new("rels", name, &format!("{head}<p id=x>x</p>"))
            .at("s.css", Answer::css("#x { color: green }"))
            .styled("#x")
    };
    // No page shows its icon; what shows is whether its address leads to it.
    let icon = |name, head: &str| {
        let body = format!(
            "{head}<img><script>document.images[0].src = document.querySelector('link').href</script>"
        );
        Case::new("rels", name, &body).image("i.png").loads("img")
    };
    vec![
        style("stylesheet", "<link rel=stylesheet href=s.css>"),
        style("stylesheet-in-body", "<div></div><link rel='StyleSheet' href=s.css>"),
        style("stylesheet-media", "<link rel=stylesheet media='screen and (min-width: 1px)' href=s.css>"),
        style("stylesheet-alternate", "<link rel='alternate stylesheet' title=green href=s.css><script>addEventListener('load', () => { document.querySelector('link').disabled = true; document.querySelector('link').disabled = false })</script>"),
        style("stylesheet-disabled", "<link rel=stylesheet disabled href=s.css><script>document.querySelector('link').disabled = false</script>"),
        style("stylesheet-other-host", "<link rel=stylesheet href={there}/stylesheet-other-host/s.css>").there("s.css", Answer::css("@import 't.css';")).there("t.css", Answer::css("#x { color: green }")).at("s.css", Answer::html("")),
        style("stylesheet-crossorigin", "<link rel=stylesheet crossorigin href=s.css>"),
        style("stylesheet-integrity", &format!("<link rel=stylesheet integrity='{}' href=s.css>", integrity("#x { color: green }"))),
        style("stylesheet-integrity-rewritten", &format!("<link rel=stylesheet crossorigin=anonymous integrity='{}' href=t.css>", integrity(IMPORTING))).at("t.css", Answer::css(IMPORTING)),
        style("stylesheet-media-swapped", "<link rel=stylesheet media=print onload=\"this.media = 'all'\" href=s.css>"),
        style("preload-style", "<link rel=preload as=style onload=\"this.rel = 'stylesheet'\" href=s.css>"),
        icon("icon", "<link rel=icon href=i.png>"),
        icon("shortcut-icon", "<LINK REL='shortcut icon' HREF=i.png>"),
        icon("icon-touch", "<link rel=apple-touch-icon sizes=180x180 href=i.png>"),
        icon("icon-mask", "<link rel=mask-icon color=green href=i.png>"),
        icon("image-src", "<link rel=image_src href=i.png>"),
        icon("preload-image", "<link rel=preload as=image href=i.png>"),
        icon("prefetch", "<link rel=prefetch href=i.png>"),
        Case::new("rels", "preload-srcset", "<link rel=preload as=image imagesrcset='i.png 1x' imagesizes=100vw><img><script>document.images[0].srcset = document.querySelector('link').imageSrcset</script>").image("i.png").loads("img"),
        Case::new("rels", "preload-font", "<link rel=preload as=font crossorigin href=w.ttf><style>@font-face { font-family: W; src: url(w.ttf) } span { font: 20px W }</style><span id=x>A</span>")
            .at("w.ttf", Answer::font()).script("document.querySelector('#x').offsetWidth === 60"),
        Case::new("rels", "modulepreload", "<link rel=modulepreload href=m.js><script type=module src=m.js></script>").at("m.js", Answer::ok()),
        Case::new("rels", "manifest", "<link rel=manifest href=app.webmanifest><a id=go href=#>go</a><script>document.querySelector('#go').href = document.querySelector('link').href</script>")
            .at("app.webmanifest", Answer::typed("application/manifest+json", "{\"name\": \"App\", \"icons\": [{\"src\": \"icons/i.png\", \"sizes\": \"21x21\"}]}")).image("icons/i.png").clicked()
            .script("new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth === 21); i.onerror = () => done(false); i.src = JSON.parse(document.body.innerText).icons[0].src })"),
        Case::answered("rels", "favicon-at-its-place", Answer::html("<!doctype html><title>x</title><img src=/favicon.ico>")).at("/favicon.ico", Answer::typed("image/x-icon", super::super::answer::png(21, [0, 128, 0]))).loads("img"),
        Case::new("rels", "link-itemprop", "<link itemprop=thumbnailUrl href=i.png><img><script>document.images[0].src = document.querySelector('link').href</script>").image("i.png").loads("img"),
        Case::new("rels", "search", "<link rel=search type=application/opensearchdescription+xml href=os.xml><a id=go href=#>go</a><script>document.querySelector('#go').href = document.querySelector('link').href</script>")
            .at("os.xml", Answer::typed("application/xml", "<OpenSearchDescription><ShortName>here</ShortName></OpenSearchDescription>")).clicked().script("document.querySelector('ShortName').textContent === 'here'"),
    ]
}
