//! The names of files that the pages of doxygen load: those of its tree of pages, and of its search.

use std::ops::Range;

use memchr::{memmem, memrchr};

use crate::chunks::rows_behind;

/// Finds the names in a script, this many at most, and where what they are made of stands.
pub(crate) fn names(script: &str, most: usize) -> Vec<(String, Range<usize>)> {
    let mut names = Vec::new();
    let has = |needle: &str| memmem::find(script.as_bytes(), needle.as_bytes()).is_some();
    if has("var indexSectionsWithContent") {
        search(script, most, &mut names);
    }
    let is_root = has("var NAVTREE =");
    if is_root {
        let parts = memmem::find(script.as_bytes(), b"var NAVTREEINDEX =");
        let parts = parts.map_or(0, |at| script[at..].matches(".html").take(most).count());
        names.extend((0..parts).map(|part| (format!("navtreeindex{part}.js"), 0..0)));
    }
    if is_root || is_part_of_tree(script) {
        for span in children(script) {
            if names.len() < most {
                names.push((format!("{}.js", &script[span.clone()]), span));
            }
        }
    }
    names
}

/// `var indexSectionNames = {0: "all"}` and `var indexSectionsWithContent = {0: "abc"}`: a file for each
/// of these letters, by its place, in hexadecimal.
fn search(script: &str, most: usize, names: &mut Vec<(String, Range<usize>)>) {
    let rows = |name: &str| {
        let mut rows = rows_behind(script, &format!("var {name} ="));
        rows.truncate(MOST_SECTIONS);
        rows
    };
    let sections = rows("indexSectionNames");
    for (number, letters, span) in rows("indexSectionsWithContent") {
        let named = sections.iter().find(|(of, ..)| *of == number);
        let Some((_, name, _)) = named else { continue };
        for place in 0..letters.chars().count() {
            for ending in ["js", "html"] {
                if names.len() < most {
                    names.push((format!("{name}_{place:x}.{ending}"), span.clone()));
                }
            }
        }
    }
}

/// `var classes = [`, each on a line.
fn is_part_of_tree(script: &str) -> bool {
    let mut lines = script.lines();
    let first = lines.next().and_then(|line| line.strip_prefix("var "));
    first.is_some_and(|line| line.ends_with(" =")) && lines.next() == Some("[")
}

/// `[ "Class", "class.html", "class" ]`: the last is where what is beneath it is.
fn children(script: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = script.as_bytes();
    let string_to = |end: usize| {
        let from = end.saturating_sub(LONGEST);
        Some(from + memrchr(b'"', &bytes[from..end])? + 1..end)
    };
    memmem::find_iter(bytes, b"\" ]").filter_map(move |end| {
        let name = string_to(end)?;
        let before = bytes[..name.start].strip_suffix(b"\", \"")?;
        let page = string_to(before.len())?;
        let is_page = memmem::find(&bytes[page], b".html").is_some();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        (is_page && bytes[name.clone()].iter().all(is_plain)).then_some(name)
    })
}

/// There are some twenty, of doxygen's own kinds of things.
const MOST_SECTIONS: usize = 64;
/// In bytes, of a string.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(script: &str, expected: &[&str]) {
        let found = super::names(script, 6);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{script}");
    }

    #[test]
    fn a_tree_names_its_parts() {
        check(
            "/* x */\nvar NAVTREE =\n[\n  [ \"Dox\", \"index.html\", [\n    [ \"Classes\", \"annotated.html\", [\n      \
             [ \"List\", \"annotated.html\", \"annotated_dup\" ],\n      [ \"Index\", \"classes.html\", null ]\n    ] ]\n  ] ]\n];\n\n\
             var NAVTREEINDEX =\n[\n\"a.html\",\n\"b.html#c\"\n];\n",
            &["navtreeindex0.js", "navtreeindex1.js", "annotated_dup.js"],
        );
        check(
            "var annotated_dup =\n[\n    [ \"Base\", \"classBase.html\", \"classBase\" ],\n    \
             [ \"B< T, \\\"x\\\" >\", \"b.html#a1\", \"b\" ], [ \"no\", \"no.js\", \"no\" ], [ \"no\", \"a.html\", \"n/o\" ]\n];",
            &["classBase.js", "b.js"],
        );
        check(
            "let a = [ \"Base\", \"classBase.html\", \"classBase\" ]",
            &[],
        );
    }

    #[test]
    fn a_search_has_a_file_for_each_letter_of_a_section() {
        check(
            "var indexSectionsWithContent =\n{\n  0: \"aé\",\n  1: \"b\",\n 2: \"c\"\n};\n\n\
             var indexSectionNames =\n{\n  0: \"all\",\n  1: \"classes\"\n};\n",
            &[
                "all_0.js",
                "all_0.html",
                "all_1.js",
                "all_1.html",
                "classes_0.js",
                "classes_0.html",
            ],
        );
        check("var indexSectionsWithContent = {0: 1}", &[]);
    }
}
