//! Pictures.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

/// A square to be painted.
const SQUARE: &str = "width: 60px; height: 60px;";

pub(super) fn cases() -> Vec<Case> {
    let page = |name, body: &str| Case::new("images", name, body);
    let image = |name, body: &str, address: &str| {
        Case::new("images", name, body).image(address).loads("img")
    };
    let svg = |name, body: &str| {
        let svg = format!(
            "<svg id=x width=60 height=60 xmlns:xlink='http://www.w3.org/1999/xlink'>{body}</svg>"
        );
        Case::new("images", name, &svg).green("#x")
    };
    vec![
        image("img", "<img src=i.png>", "i.png"),
        image("img-other-host", "<img src={there}/img-other-host/i.png>", "unused").there("i.png", Answer::image()),
        image("img-crossorigin", "<img crossorigin=anonymous src=i.png>", "i.png"),
        image("img-lazy", "<img loading=lazy src=i.png>", "i.png"),
        image("img-by-its-old-name", "<image src=i.png>", "i.png"),
        image("img-svg", "<img src=i.svg width=21>", "unused").at("i.svg", Answer::typed("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='21' height='21'/>")),
        image("srcset", "<img srcset='big.png 1x, i.png 2x' src=small.png>", "i.png").at("big.png", Answer::image()).at("small.png", Answer::decoy()).script("document.images[0].naturalWidth === 21 && document.images[0].currentSrc !== ''"),
        image("srcset-widths", "<img sizes=100vw srcset='small.png 10w,i.png 1280w'>", "i.png").at("small.png", Answer::decoy()).script("document.images[0].complete && document.images[0].naturalWidth > 0 && document.images[0].naturalWidth !== 10"),
        image("srcset-commas", "<img srcset='i,1.png, no.png 3x'>", "i,1.png"),
        image("srcset-spread", "<img srcset='\n\t i.png\n\n1x\n,\n no.png 9x '>", "i.png"),
        image("srcset-beside-data", "<img srcset='data:image/png;base64,AAAA 0.1x, i.png 1x'>", "i.png"),
        image("picture", "<picture><source media='(min-width: 1px)' srcset=i.png><img src=no.png></picture>", "i.png").at("no.png", Answer::decoy()),
        image("picture-type", "<picture><source type=image/no srcset=no.png><source type=image/png srcset='i.png 1x'><img src=no.png></picture>", "i.png").at("no.png", Answer::decoy()),
        page("picture-narrow", "<picture><source media='(max-width: 100px)' srcset=i.png><img src=no.png></picture><iframe width=90 style='border: 0'></iframe>").image("i.png").at("no.png", Answer::decoy())
            .script("new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth === 21); i.onerror = () => done(false); i.src = document.querySelector('source').srcset })"),
        page("input-image", "<input id=x type=image src=i.png width=60 height=60>").image("i.png").green("#x"),
        page("body-background", "<body background=i.png><div id=x style='width: 60px; height: 60px'></div>").image("i.png").green("#x"),
        page("table-background", "<table background=i.png><td id=x width=60 height=60></table>").image("i.png").green("#x"),
        page("td-background", "<table><td id=x background=i.png width=60 height=60></table>").image("i.png").green("#x"),
        page("style-attribute", &format!("<div id=x style=\"{SQUARE} background: url('i.png')\"></div>")).image("i.png").green("#x"),
        page("style-attribute-entities", &format!("<div id=x style=\"{SQUARE} background: url(&quot;i.png&quot;)\"></div>")).image("i.png").green("#x"),
        svg("svg-image", "<image href=i.png width=60 height=60 />").image("i.png"),
        svg("svg-image-xlink", "<image xlink:href=i.png width=60 height=60 />").image("i.png"),
        svg("svg-use-here", "<symbol id=s><rect width=60 height=60 fill=green /></symbol><use href=#s />"),
        svg("svg-use-here-xlink", "<symbol id=s><rect width=60 height=60 fill=green /></symbol><use xlink:href=#s />"),
        svg("svg-use-file", "<use href=s.svg#s />").at("s.svg", Answer::svg("<symbol id='s'><rect width='60' height='60' fill='green'/></symbol>")),
        svg("svg-use-file-xlink", "<use xlink:href='s.svg#s' />").at("s.svg", Answer::svg("<g id='s'><rect width='60' height='60' fill='green'/></g>")),
        svg("svg-feimage", "<filter id=f x=0 y=0 width=1 height=1><feImage href=i.png /></filter><rect width=60 height=60 filter=url(#f) />").at("i.png", Answer::typed("image/png", super::super::answer::png(60, [0, 128, 0]))),
        svg("svg-pattern", "<pattern id=p width=9 height=9 patternUnits=userSpaceOnUse><image href=i.png width=21 height=21 /></pattern><rect width=60 height=60 fill=url(#p) />").image("i.png"),
        svg("svg-style", "<style>rect { fill: url(#p) } @import url(s.css);</style><style>@import url(s.css);</style><rect width=60 height=60 />").at("s.css", Answer::css("rect { fill: green !important }")),
        image("lazy-by-script", "<img data-src=i.png><script>addEventListener('load', () => { const i = document.images[0]; i.src = i.dataset.src })</script>", "i.png"),
        image("lazy-srcset-by-script", "<img data-srcset='i.png 1x'><script>addEventListener('load', () => { const i = document.images[0]; i.srcset = i.dataset.srcset })</script>", "i.png"),
        page("lazy-background-by-script", &format!("<div id=x style='{SQUARE}' data-bg=i.png></div><script>addEventListener('load', () => {{ const x = document.querySelector('#x'); x.style.backgroundImage = `url(${{x.dataset.bg}})` }})</script>")).image("i.png").green("#x"),
        image("template", "<p>A template:</p><template><img src=i.png></template><script>document.body.append(document.querySelector('template').content)</script>", "i.png"),
        image("noscript", "<p>Without:</p><noscript><img src=i.png></noscript><script>document.body.insertAdjacentHTML('beforeend', document.querySelector('noscript').textContent)</script>", "i.png"),
        image("img-with-base", "<base href=sub/><img src=i.png>", "sub/i.png"),
        page("img-of-data", "<img src='data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%2221%22 height=%2221%22/%3E'>").loads("img"),
        svg("svg-of-xlink-in-html", "<image XLINK:HREF=i.png WIDTH=60 HEIGHT=60 />").image("i.png"),
        page("dynsrc-and-lowsrc", "<img lowsrc=i.png src=i.png>").image("i.png").loads("img"),
    ]
}
