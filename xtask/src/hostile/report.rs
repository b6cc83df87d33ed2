//! The table of behaviours and what came of them: as text, as JSON, as Markdown.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::behaviours::Group;
use super::classes::CLASSES;
use super::judge::Verdict;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) group: Group,
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) expected: String,
    pub(crate) verdict: Result<Verdict, String>,
}

impl Row {
    pub(crate) fn new(
        group: Group,
        behaviour: &Behaviour,
        verdict: Result<Verdict, String>,
    ) -> Self {
        Row {
            group,
            name: behaviour.name,
            says: behaviour.says,
            expected: behaviour.expected(),
            verdict,
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        self.wrong().is_empty()
    }

    fn wrong(&self) -> &[String] {
        match &self.verdict {
            Ok(verdict) => &verdict.wrong,
            Err(error) => std::slice::from_ref(error),
        }
    }

    fn happened(&self) -> &str {
        self.verdict.as_ref().map_or("", |it| it.happened.as_str())
    }

    /// Returns the line as text, with what is wrong below.
    pub(crate) fn text(&self) -> String {
        let mark = if self.is_right() { "ok   " } else { "WRONG" };
        let (time, peak, requests) = match &self.verdict {
            Ok(it) => (it.time.as_secs_f64(), it.peak >> 10, it.requests),
            Err(_) => (0.0, 0, 0),
        };
        let mut text = format!(
            "{mark} {:<11} {:<28} {time:>5.1} s {peak:>4} MiB {requests:>5}  {}",
            self.group.name(),
            self.name,
            self.happened(),
        );
        for wrong in self.wrong() {
            text += &format!("\n      {wrong}");
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let verdict = self.verdict.as_ref().ok();
        json!({
            "group": self.group.name(),
            "name": self.name,
            "server": self.says,
            "expected": self.expected,
            "happened": self.happened(),
            "ok": self.is_right(),
            "wrong": self.wrong(),
            "seconds": verdict.map(|it| it.time.as_secs_f64()),
            "peak_kib": verdict.map(|it| it.peak),
            "requests": verdict.map(|it| it.requests),
        })
    }
}

/// Writes the table as a document of its own.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let right = rows.iter().filter(|row| row.is_right()).count();
    let mut text = format!("{HEAD}{right} of {} are as they have to be.\n", rows.len());
    text += CLASSES_HEAD;
    for class in CLASSES {
        let code = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|it| format!("`{it}`")).collect();
            names.join(", ")
        };
        text += &format!(
            "| {} | {} | {} | {} |\n",
            class.name,
            class.seen,
            code(class.behaviours),
            code(class.tests)
        );
    }
    let mut group = None;
    for row in rows {
        if group != Some(row.group) {
            group = Some(row.group);
            text += &format!(
                "\n## {}\n\n| Behaviour | What happens | Expected | What came of it | |\n|---|---|---|---|---|\n",
                row.group.title()
            );
        }
        let mark = if row.is_right() { "ok" } else { "**wrong**" };
        text += &format!(
            "| `{}` | {} | {} | {} | {mark} |\n",
            row.name,
            cell(row.says),
            cell(&row.expected),
            cell(row.happened()),
        );
    }
    text
}

/// Takes from a text what would end a cell of a table, or be read as markup.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for char in text.chars() {
        if matches!(char, '|' | '<' | '*' | '_' | '`' | '\\' | '[') {
            cell.push('\\');
        }
        cell.push(char);
    }
    cell
}

const HEAD: &str = "\
# Hostile servers, and what comes of them

Written by `cargo xtask hostile --write`, which serves each of these behaviours on loopback beside a site of 20 good pages,
crawls both with `dragline`, and looks at what is there. Of every one is asked that

- it ends by itself in the time that its flags allow, with a documented exit code;
- each URL that fails has one line that says which and why, and no other URL has one;
- it takes at most 64 MiB more memory than the good pages alone;
- all 20 good pages are asked for once, and are in the copy with the very bytes that were sent;
- no part of what is cut short is in the copy, and nothing outside of its folder is touched or read;
- the same command again asks for no good page again, and ends with the same exit code;
- requests are well-formed, and output is free of what steers a terminal.

";

const CLASSES_HEAD: &str = "
## Classes of vulnerabilities

What programs of this kind were known for, and what asks for it here: behaviours of this table, and tests in the crates.

| Class | Seen as, among others | Behaviours | Tests |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_one_cell() {
        assert_eq!(cell("a|b <c> `d`"), "a\\|b \\<c> \\`d\\`");
    }
}
