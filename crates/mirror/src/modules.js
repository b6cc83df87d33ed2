// Browsers refuse the modules of a page that is opened from disk. This brings them to it: each is in a
// script of its own, and an import map leads from its address to it. Served, the page does without.
(script => {
  "use strict";
  if (location.protocol !== "file:") return;
  const root = new URL("../", script.src).href;
  const modules = new Map(), asked = new Set();
  const write = html => document.write(html);
  const load = paths => write(paths.filter(path => !asked.has(path) && asked.add(path)).map(path =>
    `<script src="${root.replaceAll("&", "&amp;")}_dragline/modules/${path}.js"></scr` + "ipt>").join(""));

  // What is in a script: where the module is in the copy, its type, what it imports, and its text.
  self.dragline = (path, type, imports, text) => {
    modules.set(path, [type, text]);
    load(imports);
  };

  // All are there.
  self.dragline.done = () => {
    const files = {}, imports = {}, scopes = {};
    for (const [path, [type, text]] of modules) {
      const file = root + path;
      const whole = type === "text/javascript"
        ? `dragline.place(import.meta,${JSON.stringify(file)});${text.replace(/^#!/, "//")}` : text;
      files[file] = imports[file] = imports["dragline:" + path] =
        URL.createObjectURL(new Blob([whole], { type }));
    }
    const absolute = address => new URL(address, document.baseURI).href;
    // The page's own map comes after this one, which counts.
    const take = (from, to) => {
      for (const [name, address] of Object.entries(from ?? {})) {
        if (typeof address !== "string") continue;
        const at = absolute(address);
        if (name.endsWith("/")) {
          for (const file in files) if (file.startsWith(at)) to[name + file.slice(at.length)] = files[file];
        }
        to[name] = files[at] ?? at;
      }
      return to;
    };
    const map = JSON.parse(script.dataset.map ?? "{}");
    take(map.imports, imports);
    // The most special last.
    const inner = Object.entries(map.scopes ?? {}).map(([scope, of]) => [absolute(scope), of]);
    for (const [scope, of] of inner.sort(([a], [b]) => a.length - b.length)) {
      const taken = scopes[scope] = take(of, {});
      for (const file in files) {
        if (file === scope || scope.endsWith("/") && file.startsWith(scope)) {
          scopes[files[file]] = { ...scopes[files[file]], ...taken };
        }
      }
    }
    const json = JSON.stringify({ imports, scopes }).replaceAll("<", "\\u003c");
    write(`<script type="importmap">${json}</scr` + "ipt>");
  };

  // A module may ask where it is, and where others are.
  self.dragline.place = (meta, file) => {
    const resolve = meta.resolve;
    meta.url = file;
    meta.resolve = name => resolve(/^\/(?!\/)/.test(name) ? new URL("." + name, root).href
      : /^\.\.?\//.test(name) ? new URL(name, file).href : name);
  };

  // What scripts load by elements with `crossorigin` would be refused, too.
  for (const element of [HTMLLinkElement, HTMLScriptElement, HTMLImageElement, HTMLMediaElement]) {
    Object.defineProperty(element.prototype, "crossOrigin", { get: () => null, set() {}, configurable: true });
  }

  load(script.dataset.modules.split(" "));
  write("<script>dragline.done()</scr" + "ipt>");
})(document.currentScript);
