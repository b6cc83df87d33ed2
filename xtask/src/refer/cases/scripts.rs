//! What scripts load, and how they are loaded.

use crate::refer::answer::{Answer, integrity};
use crate::refer::case::Case;

/// Why a copy does without these four: they were seen to fail from disk in Chromium, and nothing in the script says what to bring
/// along. What the script says plainly is brought, as the cases without `-computed` show.
const COMPUTED: &str =
    "a page from disk may read no file, and what is asked for is known only when the script runs";
const NO_WORKER: &str = "there are no service workers but over HTTP";
const NO_HISTORY: &str = "a page from disk may not change its address to another path";

pub(super) fn cases() -> Vec<Case> {
    let page = |name, body: &str| Case::new("scripts", name, body);
    let script = |name, body: &str| Case::new("scripts", name, body).at("s.js", Answer::ok());
    let module = |name, body: &str, code: &str| {
        Case::new("scripts", name, body)
            .at("js/m.js", Answer::js(code))
            .at(
                "js/n.js",
                Answer::js("export const ok = true; export default () => true;"),
            )
    };
    let import = "<script type=module src=js/m.js></script>";
    let worker = "onmessage = () => postMessage(true);";
    let ask = "w.onmessage = () => { window.ok = true }; w.postMessage(0)";
    vec![
        script("script", "<script src=s.js></script>"),
        script("script-defer", "<script defer src=s.js></script>"),
        script("script-async", "<script async type=text/javascript src='s.js'></script>"),
        script("script-crossorigin", "<script crossorigin src=s.js></script>"),
        script("script-integrity", &format!("<script crossorigin integrity='{}' src=s.js></script>", integrity("window.ok = true;"))),
        script("script-other-host", "<script src={there}/script-other-host/s.js></script>").there("s.js", Answer::ok()),
        script("script-nomodule", "<script nomodule src=no.js></script><script src=s.js></script>").at("no.js", Answer::js("window.no = true")).script("window.ok && !window.no"),
        script("script-in-svg", "<svg><script href=s.js></script></svg>"),
        script("script-made", "<a href=s.js></a><script>const s = document.createElement('script'); s.src = 's.js'; document.head.append(s)</script>"),
        script("script-written", "<script>document.write('<script src=\"s.js\"><\\/script>')</script><link rel=preload as=script href=s.js>"),
        script("script-preloaded", "<link rel=preload as=script href=s.js><script>const s = document.createElement('script'); s.src = document.querySelector('link').href; document.head.append(s)</script>"),
        page("script-beside-itself", "<p>A script:</p><script src=js/s.js></script>").at("js/s.js", Answer::js("const i = new Image(); i.src = new URL('i.png', document.currentScript.src); document.body.append(i);")).image("js/i.png").loads("img"),
        page("script-image", "<a href=i.png></a><img><script>document.images[0].src = 'i.png'</script>").image("i.png").loads("img"),
        module("module", "<script type=module src=js/m.js></script>", "window.ok = true;"),
        module("module-import", import, "import { ok } from './n.js'; window.ok = ok;"),
        module("module-import-default", import, "import n, * as all from \"./n.js\"; window.ok = n() && all.ok;"),
        module("module-import-bare", import, "import './side.js';").at("js/side.js", Answer::ok()),
        module("module-re-export", import, "import { ok } from './again.js'; window.ok = ok;").at("js/again.js", Answer::js("export * from './n.js';")),
        module("module-from-the-root", import, "import { ok } from '/module-from-the-root/js/n.js'; window.ok = ok;"),
        module("module-circle", import, "import { b } from './b.js'; export const a = () => true; window.ok = b();").at("js/b.js", Answer::js("import { a } from './m.js'; export const b = () => a();")),
        module("module-inline", "<script type=module>import { ok } from './js/n.js'; window.ok = ok;</script>", ""),
        module("module-import-map", "<script type=importmap>{\"imports\": {\"n\": \"./js/n.js\"}}</script><script type=module>import { ok } from 'n'; window.ok = ok;</script>", ""),
        module("module-import-map-folder", "<script type=importmap>{\"imports\": {\"lib/\": \"./js/\"}}</script><script type=module>import { ok } from 'lib/n.js'; window.ok = ok;</script><a href=js/n.js></a>", ""),
        module("module-integrity", &format!("<script type=module crossorigin integrity='{}' src=js/m.js></script>", integrity("window.ok = true;")), "window.ok = true;"),
        module("module-other-host", "<script type=module src={there}/module-other-host/m.js></script>", "").there("m.js", Answer::js("import './n.js';").header("access-control-allow-origin", "*")).there("n.js", Answer::ok().header("access-control-allow-origin", "*")),
        module("module-top-level-await", import, "const { ok } = await Promise.resolve({ ok: true }); window.ok = ok;"),
        module("module-and-nomodule", "<script type=module src=js/m.js></script><script nomodule src=s.js></script>", "window.ok = true;").at("s.js", Answer::js("window.ok = false")),
        module("import-dynamic", "<script>import('./js/n.js').then(n => { window.ok = n.ok })</script>", ""),
        module("import-dynamic-of-module", import, "import('./n.js').then(n => { window.ok = n.ok });"),
        module("import-meta-url", "<img><script type=module src=js/m.js></script>", "document.images[0].src = new URL('./i.png', import.meta.url);").image("js/i.png").loads("img"),
        module("import-json", import, "import data from './d.json' with { type: 'json' }; window.ok = data.ok;").at("js/d.json", Answer::typed("application/json", "{\"ok\": true}")),
        module("import-css", "<p id=x>x</p><script type=module src=js/m.js></script>", "import sheet from './s.css' with { type: 'css' }; document.adoptedStyleSheets = [sheet];").at("js/s.css", Answer::css("#x { color: green }")).styled("#x"),
        page("worker", &format!("<script>const w = new Worker('w.js'); {ask}</script>")).at("w.js", Answer::js(worker)),
        page("worker-imports", &format!("<script>const w = new Worker('w.js'); {ask}</script>")).at("w.js", Answer::js("importScripts('v.js')")).at("v.js", Answer::js(worker)),
        page("worker-module", &format!("<script>const w = new Worker('w.js', {{ type: 'module' }}); {ask}</script>")).at("w.js", Answer::js("import './v.js';")).at("v.js", Answer::js(worker)),
        module("worker-from-module", import, &format!("const w = new Worker(new URL('./w.js', import.meta.url)); {ask}")).at("js/w.js", Answer::js(worker)),
        page("worker-shared", "<script>const w = new SharedWorker('w.js'); w.port.onmessage = () => { window.ok = true }</script>").at("w.js", Answer::js("onconnect = e => e.ports[0].postMessage(true);")),
        page("fetch-json", "<script>fetch('d.json').then(d => d.json()).then(d => { window.ok = d.ok })</script>").at("d.json", Answer::typed("application/json", "{\"ok\": true}")),
        page("fetch-preloaded", "<link rel=preload as=fetch crossorigin href=d.json><script>fetch('d.json').then(d => d.json()).then(d => { window.ok = d.ok })</script>").at("d.json", Answer::typed("application/json", "{\"ok\": true}")),
        page("xhr", "<script>const x = new XMLHttpRequest(); x.open('GET', 'd.txt'); x.onload = () => { window.ok = x.responseText === 'ok' }; x.send()</script>").at("d.txt", Answer::typed("text/plain", "ok")),
        page("font-by-script", "<a href=w.ttf></a><span id=x style='font: 20px W'>A</span><script>document.fonts.add(new FontFace('W', 'url(w.ttf)')); document.fonts.forEach(f => f.load())</script>").at("w.ttf", Answer::font()).script("document.querySelector('#x').offsetWidth === 60"),
        page("style-by-script", "<a href=s.css></a><p id=x>x</p><script>const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = 's.css'; document.head.append(l)</script>").at("s.css", Answer::css("#x { color: green }")).styled("#x"),
        page("style-element-by-script", "<a href=i.png></a><div id=x style='width: 60px; height: 60px'></div><script>document.querySelector('#x').style.background = 'url(i.png)'</script>").image("i.png").green("#x"),
        page("fetch-computed", "<a href=d1.json></a><script>const n = 'd' + [1]; fetch(`${n}.json`).then(d => d.json()).then(d => { window.ok = d.ok })</script>")
            .at("d1.json", Answer::typed("application/json", "{\"ok\": true}")).impossible(COMPUTED),
        page("xhr-computed", "<a href=d1.txt></a><script>const x = new XMLHttpRequest(); x.open('GET', ['d1', 'txt'].join('.')); x.onload = () => { window.ok = x.responseText === 'ok' }; x.send()</script>")
            .at("d1.txt", Answer::typed("text/plain", "ok")).impossible(COMPUTED),
        page("worker-computed", &format!("<a href=w1.js></a><script>const w = new Worker(['w1', 'js'].join('.')); {ask}</script>")).at("w1.js", Answer::js(worker)).impossible(COMPUTED),
        module("import-computed", "<a href=js/n.js></a><script>import(['./js/n', 'js'].join('.')).then(n => { window.ok = n.ok })</script>", "").impossible(COMPUTED),
        page("worker-service", "<a href=w.js></a><script>navigator.serviceWorker.register('w.js').then(r => { window.ok = !!r.scope })</script>").at("w.js", Answer::js("onfetch = () => {};")).impossible(NO_WORKER),
        page("history", "<script>history.pushState({}, '', 'other'); window.ok = location.pathname.endsWith('/other')</script>").impossible(NO_HISTORY),
    ]
}
