//! The names of chunks: a script that was packed leaves it to a function to make the name of another
//! file of its number, by tables.
//!
//! webpack writes `e => "js/" + ({7: "search"}[e] || e) + "." + {7: "1f0a", 9: "22bc"}[e] + ".js"`, and
//! for a single chunk `(7 === e ? "search" : e)`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use foldhash::quality::RandomState;
use memchr::{memchr3, memmem};

use crate::script::unescape;

/// Finds the names in a script, this many at most, and of each where there is a part of it alone.
pub(crate) fn chunks(script: &str, most: usize) -> Vec<(String, Range<usize>)> {
    let bytes = script.as_bytes();
    let has = |needle: &str| memmem::find(bytes, needle.as_bytes()).is_some();
    let mut names = Vec::new();
    if !has("}[") && !has("})[") {
        return names;
    }
    let mut at = 0;
    while let Some(next) = memchr3(b'>', b'n', b':', &bytes[at..]) {
        at += next + 1;
        let before = &bytes[..at];
        let is_return = || {
            let before = before.strip_suffix(b"return");
            before.is_some_and(|before| !before.last().is_some_and(|byte| is_part(*byte)))
        };
        if !before.ends_with(b"=>") && !before.ends_with(b":") && !is_return() {
            continue;
        }
        let mut parser = Parser {
            script,
            at,
            index: None,
        };
        let Some(sum) = parser.sum() else { continue };
        let mut known = HashSet::with_hasher(RandomState::default());
        for value in &sum {
            let Value::Table { rows, .. } = value else {
                continue;
            };
            at = parser.at;
            for (number, span) in &rows.numbers {
                if names.len() == most {
                    return names;
                }
                if known.insert(number) {
                    let parts = sum.iter().map(|value| value.of(number));
                    let name = parts.collect::<Option<String>>();
                    names.extend(name.map(|name| (name, span.clone())));
                }
            }
        }
    }
    names
}

/// Returns the rows of the table behind some text: the number of each, what is there, and where that
/// stands.
pub(crate) fn rows_behind(script: &str, text: &str) -> Vec<(String, String, Range<usize>)> {
    let at = memmem::find(script.as_bytes(), text.as_bytes()).map(|at| at + text.len());
    let mut parser = Parser {
        script,
        at: at.unwrap_or(script.len()),
        index: None,
    };
    let rows = parser.next().filter(|byte| *byte == b'{');
    let rows = rows.and_then(|_| parser.rows()).unwrap_or_default();
    let rows = rows.numbers.into_iter().map(|(number, span)| {
        let text = unescape(&script[span.clone()]);
        (number, text, span)
    });
    rows.collect()
}

/// What a name is put together of.
enum Value {
    Text(String),
    /// The chunk's number.
    Number,
    /// A table of which nothing is looked up.
    Rows(Rows),
    /// What is in a table by the chunk's number.
    Table {
        rows: Rows,
        /// Whether the number stands for what is not there.
        or_number: bool,
    },
}

#[derive(Default)]
struct Rows {
    /// In order, and where what is in their rows stands.
    numbers: Vec<(String, Range<usize>)>,
    texts: HashMap<String, String, RandomState>,
}

impl Rows {
    fn push(&mut self, number: String, (text, span): (String, Range<usize>)) {
        self.texts.insert(number.clone(), text);
        self.numbers.push((number, span));
    }
}

impl Value {
    fn of<'a>(&'a self, number: &'a str) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Number => Some(number),
            Value::Rows(_) => None,
            Value::Table { rows, or_number } => {
                let text = rows.texts.get(number).map(String::as_str);
                text.or(or_number.then_some(number))
            }
        }
    }
}

/// Reads an expression, as far as it is one that makes a name.
struct Parser<'s> {
    script: &'s str,
    at: usize,
    /// The name of the function's argument.
    index: Option<&'s str>,
}

impl<'s> Parser<'s> {
    fn sum(&mut self) -> Option<Vec<Value>> {
        let mut values = vec![self.value(0)?];
        while self.takes("+") {
            (values.len() < MOST_VALUES).then_some(())?;
            values.push(self.value(0)?);
        }
        Some(values)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let value = match self.next()? {
            b'"' | b'\'' => Value::Text(self.string()?.0),
            b'{' => Value::Rows(self.rows()?),
            b'(' if depth < DEEPEST => {
                self.takes("(");
                let value = self.choice(depth + 1)?;
                self.takes(")").then_some(value)?
            }
            _ => {
                let name = self.word()?;
                if self.takes(".") {
                    // The folder that the names are for.
                    self.word()?;
                    return Some(Value::Text(String::new()));
                }
                self.is_index(name).then_some(Value::Number)?
            }
        };
        match value {
            Value::Rows(rows) if self.takes("[") => {
                self.index()?;
                let or_number = false;
                self.takes("]").then_some(Value::Table { rows, or_number })
            }
            value => Some(value),
        }
    }

    /// `7 === e ? "a" : e`, `{…}[e] || e`, or a value.
    fn choice(&mut self, depth: usize) -> Option<Value> {
        let mut rows = Rows::default();
        if self.next()?.is_ascii_digit() {
            let number = self.key()?;
            self.takes("===").then_some(())?;
            self.index()?;
            self.takes("?").then_some(())?;
            rows.push(number, self.string()?);
            self.takes(":").then_some(())?;
            self.index()?;
            let or_number = true;
            return Some(Value::Table { rows, or_number });
        }
        match self.value(depth)? {
            Value::Table { rows, .. } if self.takes("||") => {
                self.index()?;
                let or_number = true;
                Some(Value::Table { rows, or_number })
            }
            value => Some(value),
        }
    }

    fn rows(&mut self) -> Option<Rows> {
        let mut rows = Rows::default();
        self.takes("{");
        while !self.takes("}") {
            let number = self.key()?;
            self.takes(":").then_some(())?;
            rows.push(number, self.string()?);
            if !self.takes(",") {
                return self.takes("}").then_some(rows);
            }
        }
        Some(rows)
    }

    /// A key of an object: a string, a name, or a number, of which a thousand is written `1e3`.
    fn key(&mut self) -> Option<String> {
        if matches!(self.next()?, b'"' | b'\'') {
            return Some(self.string()?.0);
        }
        let word = self.word()?;
        let number = word.starts_with(|char: char| char.is_ascii_digit());
        let number = number.then(|| word.parse().ok().map(|number: f64| number.to_string()));
        Some(number.flatten().unwrap_or_else(|| word.to_owned()))
    }

    /// A string, and where it stands, without quotes.
    fn string(&mut self) -> Option<(String, Range<usize>)> {
        let quote = self.next().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let start = self.at + 1;
        let rest = self.script.as_bytes().get(start..)?;
        let mut is_escaped = false;
        let end = rest.iter().take(LONGEST).position(|byte| {
            let ends = *byte == quote && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        });
        let span = start..start + end?;
        self.at = span.end + 1;
        Some((unescape(&self.script[span.clone()]), span))
    }

    fn word(&mut self) -> Option<&'s str> {
        self.next()?;
        let rest = &self.script[self.at..];
        let length = rest.bytes().take(LONGEST);
        let length = length.take_while(|byte| is_part(*byte)).count();
        self.at += length;
        (1..LONGEST).contains(&length).then(|| &rest[..length])
    }

    /// The function's argument: always the same.
    fn index(&mut self) -> Option<()> {
        let name = self.word()?;
        self.is_index(name).then_some(())
    }

    fn is_index(&mut self, name: &'s str) -> bool {
        *self.index.get_or_insert(name) == name
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.next().is_some() && self.script[self.at..].starts_with(token);
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    /// The byte that follows behind blanks.
    fn next(&mut self) -> Option<u8> {
        let rest = &self.script.as_bytes()[self.at..];
        let blanks = rest.iter().take(MOST_BLANKS);
        self.at += blanks.take_while(|byte| byte.is_ascii_whitespace()).count();
        self.script.as_bytes().get(self.at).copied()
    }
}

/// Whether a name may have it.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// In brackets.
const DEEPEST: usize = 4;
const MOST_VALUES: usize = 16;
/// In bytes: no part of a name is longer.
const LONGEST: usize = 256;
const MOST_BLANKS: usize = 100;

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(script: &str, expected: &[&str]) {
        let found = super::chunks(script, 5);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{script}");
    }

    #[test]
    fn names_are_made_as_webpack_makes_them() {
        check(
            r#"r.u=e=>"assets/js/"+({7:"search",1e3:"x"}[e]||e)+"."+{7:"1f",9:"22",1e3:"3"}[e]+".js""#,
            &[
                "assets/js/search.1f.js",
                "assets/js/x.3.js",
                "assets/js/9.22.js",
            ],
        );
        check(
            r#"n.u = function (e) { return "js/" + e + "." + {7: "1f", "a-b": "22"}[e] + ".chunk.js" }"#,
            &["js/7.1f.chunk.js", "js/a-b.22.chunk.js"],
        );
        check(
            r#"r.u=e=>3===e?"a.js":"c/"+(({7:"s"})[e]||e)+'.'+({7:"1f",8:"2"})[e]+'.js'"#,
            &["c/s.1f.js", "c/8.2.js"],
        );
        check(
            r#"x=>"css/"+(7===x?"s":x)+"."+{7:"1",9:"2"}[x]+".css""#,
            &["css/s.1.css", "css/9.2.css"],
        );
        check(
            r#"function(e){return n.p+"static/"+{7:"s"}[e]+"-"+{7:"1"}[e]+".js"}"#,
            &["static/s-1.js"],
        );
        check(
            r#"e=>{7:"1.js",8:"2.js",9:"3.js",10:"4.js",11:"5.js",12:"6.js"}[e]+"""#,
            &["1.js", "2.js", "3.js", "4.js", "5.js"],
        );
    }

    /// A test that is not over soon if it takes more than linear time.
    #[test]
    fn what_begins_again_and_again_is_read_once() {
        let table = "7:\"\",".repeat(100_000);
        check(&format!("x}}[ {}", "return".repeat(200_000)), &[]);
        let begun = "return".repeat(100_000);
        check(&format!("{begun}+{{{table}}}[z]"), &[]);
        check(&format!("{}{{{table}}}[z]", ":e+".repeat(100_000)), &[]);
    }

    #[test]
    fn what_is_no_such_function_makes_no_names() {
        for script in [
            r#"e=>"a"+e+".js";x={}[y]+"""#,
            r#"e=>"a"+{7:"1"}[f]+e+".js"+{}[e]+"""#,
            r#"e=>"a"+{7:b}[e]+".js""#,
            r#"e=>((((({7:"1"}[e])))))+".js""#,
            r#"e=>"a"+{7:"1"[e]+".js""#,
            r#"e=>"a"+{7:"1"}[e"#,
            r#"{a:"}["+"]+'"}"#,
        ] {
            check(script, &[]);
        }
    }
}
