//! What is asked of every crawl, whatever happened to it.

use std::time::Duration;

use super::behaviour::{Behaviour, Expect};
use super::good;
use super::seen::{Seen, holds};
use super::stage::{Run, SECRET, Stage};

/// What came of a behaviour.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// In words that are the same each time.
    pub(crate) happened: String,
    /// In what it is not as it has to be.
    pub(crate) wrong: Vec<String>,
    pub(crate) time: Duration,
    /// The most memory, in KiB.
    pub(crate) peak: u64,
    pub(crate) requests: usize,
}

/// Judges both runs of a behaviour.
pub(crate) fn judge(
    stage: &Stage<'_>,
    first: &Run,
    second: &Run,
    is_untouched: bool,
    base: u64,
) -> Verdict {
    let behaviour = stage.behaviour;
    let troubled = behaviour.trouble.exits();
    // What has to be there is there after the first run, or, if that was troubled, after the second.
    let whole = if troubled.is_some() { second } else { first };
    let said = String::from_utf8_lossy(&whole.ran.said).into_owned();
    let mut wrong = Wrongs::default();

    for (run, which) in [(first, "first"), (second, "second")] {
        wrong.all(which, of_any(run, base));
    }
    if let Some(exits) = &troubled {
        let exit = first.ran.exit;
        wrong.unless(exits.contains(&exit), || {
            format!("in trouble: exit code {exit} and not one of {exits:?}")
        });
    }
    let exits = behaviour.fitting_exits();
    let exit = whole.ran.exit;
    wrong.unless(exits.contains(&exit), || {
        format!("exit code {exit} and not one of {exits:?}")
    });
    if let Some(words) = behaviour.refused {
        wrong.unless(said.contains(words), || {
            format!("no `{words}` in what it said: {}", said.trim())
        });
    } else {
        wrong.all("good pages", of_good(whole));
        wrong.all("told", of_lines(stage, &said));
        wrong.all("kept", of_files(stage, whole));
    }
    let seen = Seen {
        said: &said,
        servers: &stage.servers,
        files: &whole.files,
    };
    wrong.all("asked", of_requests(stage, &seen, first));
    if troubled.is_none() {
        wrong.unless(second.asked == first.asked, || {
            "the same command again asks for good pages again".to_owned()
        });
        let (before, after) = (first.ran.exit, second.ran.exit);
        let may_differ = behaviour.race.is_some_and(|exits| exits.contains(&after));
        wrong.unless(before == after || may_differ, || {
            format!("the same command again ends with {after} and not with {before}")
        });
    }
    wrong.unless(is_untouched, || {
        "something outside of the folder was touched".to_owned()
    });
    for check in &behaviour.checks {
        if let Err(why) = check(&seen) {
            wrong.0.push(why);
        }
    }
    Verdict {
        happened: happened(behaviour, first, &said),
        wrong: wrong.0,
        time: first.ran.time,
        peak: first.ran.peak.max(second.ran.peak),
        requests: stage.requests(),
    }
}

#[derive(Default)]
struct Wrongs(Vec<String>);

impl Wrongs {
    fn unless(&mut self, right: bool, why: impl FnOnce() -> String) {
        if !right {
            self.0.push(why());
        }
    }

    fn all(&mut self, about: &str, why: Vec<String>) {
        self.0
            .extend(why.into_iter().map(|it| format!("{about}: {it}")));
    }
}

/// What is wrong with any run like this.
fn of_any(run: &Run, base: u64) -> Vec<String> {
    let mut wrong = Wrongs::default();
    let ran = &run.ran;
    wrong.unless(!ran.is_over_time, || {
        format!("killed after {:.1} s", ran.time.as_secs_f64())
    });
    wrong.unless(DOCUMENTED.contains(&ran.exit), || {
        format!("exit code {} is not documented", ran.exit)
    });
    wrong.unless(ran.peak <= base + MORE_MEMORY, || {
        format!(
            "{} MiB of memory, the good pages take {}",
            ran.peak >> 10,
            base >> 10
        )
    });
    let said = String::from_utf8_lossy(&ran.said);
    wrong.unless(!said.contains("panicked at"), || {
        let panic = said.lines().find(|it| it.contains("panicked at"));
        format!("it panicked: {}", panic.unwrap_or_default())
    });
    if std::str::from_utf8(&ran.said).is_err() {
        wrong.0.push("what it said is no UTF-8".to_owned());
    }
    if let Some(steering) = said.chars().find(|it| steers(*it)) {
        wrong.0.push(format!("it said {steering:?}"));
    }
    wrong.0
}

/// Whether a character does more to a terminal than to be seen: controls, and what turns the direction of a line.
fn steers(char: char) -> bool {
    let turns =
        matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    char != '\n' && (char.is_control() || turns)
}

fn of_good(run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in 0..good::PAGES {
        let path = good::path(page);
        if run.asked[page] == 0 {
            wrong.push(format!("{path} was not asked for"));
        }
        let mut files = run.files.iter();
        match files.find(|(name, _)| is_of(name, &path)) {
            None => wrong.push(format!("{path} is not in the copy")),
            Some((_, file)) if *file != good::content(page) => {
                wrong.push(format!("{path} is not what was sent"));
            }
            Some(_) => {}
        }
    }
    if let Some(first) = wrong.first() {
        return vec![format!("{} of them wrong; {first}", wrong.len())];
    }
    wrong
}

/// Whether a file is of the good page at `path`.
fn is_of(name: &str, path: &str) -> bool {
    name.ends_with(path.trim_start_matches('/'))
}

/// Looks at the lines for URLs that failed: one for each that has to, none for another.
fn of_lines(stage: &Stage<'_>, said: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut lines: Vec<_> = said
        .lines()
        .filter_map(|it| it.strip_prefix("failed: "))
        .collect();
    let behaviour = stage.behaviour;
    for page in &behaviour.pages {
        let url = stage.urls.at(page.server, &page.path);
        if let Some(start) = url.strip_suffix("**") {
            if page.expect == Expect::Any {
                lines.retain(|line| !line.starts_with(start));
            }
            continue;
        }
        let url = url.get(..MOST_SHOWN).unwrap_or(&url);
        let (own, others) = lines.into_iter().partition::<Vec<_>, _>(|line| {
            let rest = line.strip_prefix(url);
            rest.is_some_and(|rest| rest.starts_with(": ") || rest.starts_with('…'))
        });
        lines = others;
        match &page.expect {
            Expect::Fails(_, words) => match own[..] {
                [] => wrong.push(format!("no line that {} failed", page.path)),
                [line] if !line[url.len()..].contains(words) => {
                    wrong.push(format!("no `{words}` in `{line}`"));
                }
                [_] => {}
                _ => wrong.push(format!("{} lines that {} failed", own.len(), page.path)),
            },
            Expect::Any if own.len() <= 1 => {}
            _ if own.is_empty() => {}
            _ => wrong.push(format!("it should not have failed: {}", own[0])),
        }
    }
    if behaviour.plant.is_some() {
        lines.retain(|line| !line.starts_with("cannot write `"));
    }
    if !behaviour.is_endless() {
        let others = lines.iter().map(|it| format!("another URL failed: {it}"));
        wrong.extend(others.take(3));
    }
    wrong
}

fn of_files(stage: &Stage<'_>, run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    let behaviour = stage.behaviour;
    // The first page's is beside the good ones' folder.
    let is_good = |name: &str| {
        let is_first = name == "index.html" || name.ends_with("/index.html");
        is_first && run.files[name].starts_with(b"<!DOCTYPE html>\n<title>first</title>")
            || (0..good::PAGES).any(|page| is_of(name, &good::path(page)))
    };
    let mut files: Vec<_> = run
        .files
        .iter()
        .filter(|(name, _)| !is_good(name))
        .collect();
    for page in &behaviour.pages {
        let found = match &page.expect {
            Expect::Kept(content) => files.iter().position(|(_, file)| *file == content),
            Expect::Holds(text) => files
                .iter()
                .position(|(_, file)| holds(file, text.as_bytes())),
            _ => continue,
        };
        match found {
            Some(found) => {
                files.swap_remove(found);
            }
            None => wrong.push(format!("no file is what {} is", page.path)),
        }
    }
    if files.iter().any(|(_, file)| holds(file, SECRET.as_bytes())) {
        wrong.push("what is outside was copied".to_owned());
    }
    let allows = behaviour.is_endless()
        || behaviour.plant.is_some()
        || behaviour.pages.iter().any(|it| it.expect == Expect::Any);
    if !allows {
        let others = files
            .iter()
            .map(|(name, _)| format!("a file that nobody expects: {name}"));
        wrong.extend(others.take(3));
    }
    wrong
}

fn of_requests(stage: &Stage<'_>, seen: &Seen<'_>, first: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    for server in seen.servers.values() {
        server.asked(|log| {
            wrong.extend(log.malformed.first().cloned());
            if log.longest_head > stage.behaviour.longest_head {
                wrong.push(format!("a request's head has {} bytes", log.longest_head));
            }
        });
    }
    for page in &stage.behaviour.pages {
        let count = seen.asked(page.server, |log| {
            log.targets.get(&page.path).copied().unwrap_or(0)
        });
        if page.expect == Expect::Unasked && count > 0 {
            wrong.push(format!("{} was asked for", page.path));
        }
    }
    if let Some(most) = stage.behaviour.most_requests {
        let requests = stage.requests();
        if requests > most {
            wrong.push(format!("{requests} requests where {most} are enough"));
        }
    }
    let repeated = first.asked.iter().filter(|count| **count > 1).count();
    if repeated > 0 {
        wrong.push(format!("{repeated} good pages asked for more than once"));
    }
    wrong
}

/// Says what came of it: the exit code, and why URLs failed, without addresses.
fn happened(behaviour: &Behaviour, first: &Run, said: &str) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for line in said.lines().filter_map(|it| it.strip_prefix("failed: ")) {
        let reason = line.split_once(": ").map_or(line, |(_, reason)| reason);
        let reason = reason.split(" (found on ").next().unwrap_or_default();
        let reason = without_addresses(reason);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let mut words = Vec::new();
    if behaviour.trouble.exits().is_some() {
        words.push(format!("exit {}, then gone on with", first.ran.exit));
    } else {
        words.push(format!("exit {}", first.ran.exit));
    }
    let all = reasons.len();
    words.extend(reasons.into_iter().take(MOST_REASONS));
    if all > MOST_REASONS {
        words.push(format!("and {} other reasons", all - MOST_REASONS));
    }
    words.join("; ")
}

/// Puts `HOST` for each address and port of loopback: they are others each time.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("127.0.0.1");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let port = part.strip_prefix(':').unwrap_or(part);
        all += "HOST";
        all += port.trim_start_matches(|it: char| it.is_ascii_digit());
    }
    all
}

/// What `dragline --help` says, and that SIGHUP or SIGKILL ended it.
const DOCUMENTED: [i32; 10] = [0, 1, 2, 3, 4, 8, 10, 11, 128 + 1, 128 + 9];
/// What a crawl may take beyond what the good pages take, in KiB.
const MORE_MEMORY: u64 = 64 << 10;
/// So much of a URL is shown in a line.
const MOST_SHOWN: usize = 500;
/// So many reasons are told.
const MOST_REASONS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_part_of_what_happened() {
        assert_eq!(
            without_addresses("cannot connect to 127.0.0.1:4567: refused"),
            "cannot connect to HOST: refused"
        );
        assert_eq!(
            without_addresses("127.0.0.1 and 127.0.0.1:1"),
            "HOST and HOST"
        );
    }

    #[test]
    fn what_steers_a_terminal_is_told() {
        for char in ['\u{1b}', '\r', '\u{9b}', '\u{7f}', '\u{202e}', '\u{2066}'] {
            assert!(steers(char), "{char:?}");
        }
        for char in ['a', '\n', 'ä', '…', '\u{fffd}'] {
            assert!(!steers(char), "{char:?}");
        }
    }
}
