//! `cargo xtask layers`: the arrows between the crates, as built and as written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo;

/// The file that draws the arrows, in the workspace's root.
const WRITTEN: &str = "ARCHITECTURE.md";

/// Each crate, by the name of its folder, and the crates it depends on.
type Layers = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn run() -> Result<()> {
    let built = built(&cargo::metadata()?)?;
    let path = cargo::root().join(WRITTEN);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let written = written(&text)?;

    let differences = differences(&built, &written);
    if differences.is_empty() {
        let arrows: usize = built.values().map(BTreeSet::len).sum();
        println!(
            "layers: {} crates, {arrows} arrows, as {WRITTEN} has them",
            built.len()
        );
        return Ok(());
    }
    for difference in &differences {
        println!("layers: {difference}");
    }
    bail!(
        "{} of the layers differ from {WRITTEN}: a new arrow is a decision to write down there",
        differences.len()
    );
}

/// One place where what is built is not what is written.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// A crate of the workspace that has no line.
    NoLine(String),
    /// A line for what is no crate of the workspace.
    NoCrate(String),
    /// An arrow in a `Cargo.toml` only.
    Unwritten(String, String),
    /// An arrow in the written layers only.
    Unbuilt(String, String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLine(name) => write!(f, "{name} has no line in {WRITTEN}"),
            Self::NoCrate(name) => write!(f, "{name} has a line in {WRITTEN} and is no crate"),
            Self::Unwritten(from, to) => {
                write!(f, "{from} -> {to} is in Cargo.toml, not in {WRITTEN}")
            }
            Self::Unbuilt(from, to) => {
                write!(f, "{from} -> {to} is in {WRITTEN}, not in Cargo.toml")
            }
        }
    }
}

/// Compares the layers, in the order of the crates' names.
fn differences(built: &Layers, written: &Layers) -> Vec<Difference> {
    let none = BTreeSet::new();
    let names: BTreeSet<_> = built.keys().chain(written.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        if !written.contains_key(name) {
            differences.push(Difference::NoLine(name.clone()));
        }
        if !built.contains_key(name) {
            differences.push(Difference::NoCrate(name.clone()));
        }
        let in_cargo = built.get(name).unwrap_or(&none);
        let in_text = written.get(name).unwrap_or(&none);
        let unwritten = in_cargo.difference(in_text);
        differences.extend(unwritten.map(|to| Difference::Unwritten(name.clone(), to.clone())));
        let unbuilt = in_text.difference(in_cargo);
        differences.extend(unbuilt.map(|to| Difference::Unbuilt(name.clone(), to.clone())));
    }
    differences
}

/// Reads the arrows out of `cargo metadata --no-deps`.
///
/// A dependency that has a path is one of our own; one without a kind is a normal one.
fn built(metadata: &Value) -> Result<Layers> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = package["manifest_path"]
                .as_str()
                .context("no manifest path")?;
            let folder = Path::new(manifest)
                .parent()
                .context("a manifest in no folder")?;
            let dependencies = package["dependencies"]
                .as_array()
                .context("no dependencies")?;
            let arrows = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["path"].as_str())
                .map(|path| name(Path::new(path)))
                .collect::<Result<_>>()?;
            Ok((name(folder)?, arrows))
        })
        .collect::<Result<Layers>>()
        .context("`cargo metadata` printed what it never printed before")
}

/// Returns the name of a crate's folder, which is what the crate is called here.
fn name(folder: &Path) -> Result<String> {
    let name = folder.file_name().context("a folder without a name")?;
    Ok(name.to_string_lossy().into_owned())
}

/// Reads the arrows out of the fenced block with the info string `layers`.
fn written(text: &str) -> Result<Layers> {
    let mut lines = text.lines().map(str::trim);
    lines
        .find(|line| *line == "```layers")
        .with_context(|| format!("{WRITTEN} has no fenced block with the info string `layers`"))?;
    let mut layers = Layers::new();
    for line in lines.take_while(|line| *line != "```") {
        if line.is_empty() {
            continue;
        }
        let (from, to) = line
            .split_once("->")
            .with_context(|| format!("{WRITTEN}: `{line}` has no arrow"))?;
        let to = to.split(',').map(str::trim).filter(|name| !name.is_empty());
        let arrows = to.map(str::to_owned).collect();
        if layers.insert(from.trim().to_owned(), arrows).is_some() {
            bail!("{WRITTEN}: {} has two lines", from.trim());
        }
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Difference, Layers, built, differences, written};

    fn layers(lines: &str) -> Layers {
        written(&format!("# Title\n\n```layers\n{lines}\n```\nand -> on\n")).unwrap()
    }

    #[test]
    fn lines_become_arrows() {
        let layers = layers("pipeliner -> promise, queue\n\npromise   ->\nqueue->");
        assert_eq!(layers.len(), 3);
        assert!(layers["pipeliner"].iter().eq(["promise", "queue"]));
        assert!(layers["promise"].is_empty());
        assert!(layers["queue"].is_empty());
    }

    #[test]
    fn text_without_a_sound_block_is_refused() {
        for text in [
            "no block",
            "```text\na -> b\n```",
            "```layers\na: b\n```",
            "```layers\na ->\na -> b\n```",
        ] {
            assert!(written(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_normal_dependencies_on_our_own_are_arrows() {
        let dependency = |kind, path| json!({"name": "x", "kind": kind, "path": path});
        let metadata = json!({"packages": [{
            "manifest_path": "/w/crates/pipeliner/Cargo.toml",
            "dependencies": [
                dependency(None, Some("/w/crates/queue")),
                dependency(None, Some("/w/crates/queue")),
                dependency(None, None),
                dependency(Some("dev"), Some("/w/crates/promise")),
                dependency(Some("build"), Some("/w/crates/links")),
            ],
        }]});
        assert_eq!(built(&metadata).unwrap(), layers("pipeliner -> queue"));
    }

    #[test]
    fn the_same_layers_do_not_differ() {
        let layers = layers("b -> a\na ->");
        assert_eq!(differences(&layers, &layers), []);
    }

    #[test]
    fn each_difference_is_named() {
        let built = layers("a ->\nb -> a\nc -> a, b");
        let written = layers("a ->\nb -> c\nd -> a");
        let name = str::to_owned;
        assert_eq!(
            differences(&built, &written),
            [
                Difference::Unwritten(name("b"), name("a")),
                Difference::Unbuilt(name("b"), name("c")),
                Difference::NoLine(name("c")),
                Difference::Unwritten(name("c"), name("a")),
                Difference::Unwritten(name("c"), name("b")),
                Difference::NoCrate(name("d")),
                Difference::Unbuilt(name("d"), name("a")),
            ]
        );
    }
}
