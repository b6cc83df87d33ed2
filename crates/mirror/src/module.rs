//! The modules of a page that is opened from disk.
//!
//! Browsers refuse to load modules there, but not classic scripts. So each module is also in a classic
//! script of its own, its carrier, which says its text to `modules.js` when it is run; that makes blobs
//! of them and an import map that leads to these. A carrier is a function of one module, has the
//! carriers loaded of what it imports, and is shared by all pages; a page names those it begins with.
//! What is asked for by the address of its file leads to the blob too, so that a page's own scripts
//! stay as they are; over HTTP nothing of this happens, and the same page loads the modules' files.

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::{Map, Value};

use crate::layout::{File, relative};

/// A module that pages load.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Module {
    /// That of its file.
    pub(crate) path: String,
    /// That of its capture.
    pub(crate) place: u32,
    media_type: &'static str,
}

impl Module {
    /// Whether it may import others; there are such of JSON and CSS.
    pub(crate) fn is_script(&self) -> bool {
        self.media_type == SCRIPT
    }

    /// Returns the path of its carrier.
    pub(crate) fn carrier_path(&self) -> String {
        format!("{FOLDER}/{}.js", self.path)
    }
}

impl From<File> for Module {
    fn from(file: File) -> Self {
        Module {
            path: file.path.to_string(),
            place: file.place,
            media_type: match file.media_type {
                Some("application/json" | "application/manifest+json") => "application/json",
                Some("text/css") => "text/css",
                _ => SCRIPT,
            },
        }
    }
}

/// Tells whether a page is of an application that shows, once it runs, what the page's address says,
/// and would put in its place that there is no such page, or go where it would be. `VitePress`, Nuxt,
/// React Router, Remix and Angular make such.
pub(crate) fn is_routed(page: &[u8]) -> bool {
    let marks = [
        "__VP_HASH_MAP__",
        "__NUXT_DATA__",
        "window.__NUXT__",
        "window.__reactRouterContext",
        "window.__remixContext",
        " ng-server-context=\"",
    ];
    let mut marks = marks.into_iter();
    marks.any(|mark| memmem::find(page, mark.as_bytes()).is_some())
}

/// What a page loads its modules by.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    /// By path.
    modules: BTreeMap<String, Module>,
    map: Option<ImportMap>,
}

impl Loader {
    pub(crate) fn add(&mut self, module: Module) {
        self.modules.insert(module.path.clone(), module);
    }

    pub(crate) fn has_map(&self) -> bool {
        self.map.is_some()
    }

    pub(crate) fn set_map(&mut self, map: ImportMap) {
        self.map = Some(map);
    }

    pub(crate) fn into_modules(self) -> Vec<Module> {
        self.modules.into_values().collect()
    }

    /// Returns what is to stand at the beginning of a page's head; nothing if it has no modules.
    pub(crate) fn markup(&self, page: &str) -> String {
        if self.modules.is_empty() {
            return String::new();
        }
        let loader = relative(page, LOADER_PATH, None);
        let paths = self.modules.keys().map(|path| escaped(path));
        let paths = paths.collect::<Vec<_>>().join(" ");
        let map = self
            .map
            .as_ref()
            .map(ImportMap::attribute)
            .unwrap_or_default();
        format!("<script src=\"{loader}\" data-modules=\"{paths}\"{map}></script>")
    }
}

/// The import map of a page, its addresses those of the copy.
#[derive(Debug, Default)]
pub(crate) struct ImportMap(Option<Value>);

impl ImportMap {
    /// Reads the element that a map is in (HTML §8.1.6.3). `moved` returns what to put in the place of
    /// an address, or of a name that may be one.
    pub(crate) fn parse(element: &str, mut moved: impl FnMut(&str) -> Option<String>) -> Self {
        let text = element.split_once('>').map(|(_, text)| text);
        let text = text
            .and_then(|text| text.rsplit_once("</"))
            .map(|(text, _)| text);
        let Some(Value::Object(map)) = text.and_then(|text| serde_json::from_str(text).ok()) else {
            return ImportMap(None);
        };
        let mut whole = Map::new();
        if let Some(Value::Object(imports)) = map.get("imports") {
            whole.insert("imports".to_owned(), moved_names(imports, &mut moved));
        }
        if let Some(Value::Object(scopes)) = map.get("scopes") {
            let mut kept = Map::new();
            for (scope, imports) in scopes {
                if let Value::Object(imports) = imports {
                    let scope = moved(scope).unwrap_or_else(|| scope.clone());
                    kept.insert(scope, moved_names(imports, &mut moved));
                }
            }
            whole.insert("scopes".to_owned(), Value::Object(kept));
        }
        ImportMap(Some(Value::Object(whole)))
    }

    fn attribute(&self) -> String {
        let Some(map) = &self.0 else {
            return String::new();
        };
        let map = map.to_string().replace('&', "&amp;").replace('"', "&quot;");
        format!(" data-map=\"{map}\"")
    }
}

fn moved_names(
    imports: &Map<String, Value>,
    moved: &mut impl FnMut(&str) -> Option<String>,
) -> Value {
    let mut kept = Map::new();
    for (name, address) in imports {
        if let Value::String(address) = address {
            let name = moved(name).map_or_else(|| name.clone(), dotted);
            let address = moved(address).map_or_else(|| address.clone(), dotted);
            kept.insert(name, Value::String(address));
        }
    }
    Value::Object(kept)
}

/// An address of an import map begins with a dot where it is no whole URL.
pub(crate) fn dotted(address: String) -> String {
    if is_url_like(&address) {
        address
    } else {
        format!("./{address}")
    }
}

/// HTML §8.1.6.2, resolve a URL-like module specifier.
pub(crate) fn is_url_like(specifier: &str) -> bool {
    let begins = |begin: &&str| specifier.starts_with(*begin);
    ["/", "./", "../"].iter().any(begins) || url::Url::parse(specifier).is_ok()
}

/// Returns by what name modules that are brought to a page import one another.
pub(crate) fn key(path: &str) -> String {
    format!("dragline:{}", escaped(path))
}

/// Returns the script that brings a module to a page.
pub(crate) fn carrier(module: &Module, imports: &[Module], text: &str) -> String {
    let json = |text: &str| Value::String(text.to_owned()).to_string();
    let imports = imports.iter().map(|module| json(&escaped(&module.path)));
    format!(
        // The mark, since the page may be in another encoding.
        "\u{feff}dragline({}, {}, [{}], {});\n",
        json(&escaped(&module.path)),
        json(module.media_type),
        imports.collect::<Vec<_>>().join(", "),
        json(text),
    )
}

/// A path as it stands in a URL.
fn escaped(path: &str) -> String {
    relative("", path, None)
}

/// What a module is where it is none of JSON or CSS.
pub(crate) const SCRIPT: &str = "text/javascript";
/// The carriers' folder.
pub(crate) const FOLDER: &str = "_dragline/modules";
/// What carriers are run by.
pub(crate) const LOADER_PATH: &str = "_dragline/modules.js";
/// Its text.
pub(crate) const LOADER: &str = include_str!("modules.js");
