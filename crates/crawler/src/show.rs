//! What a person sees.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use dragline::{
    Change, ContentError, Event, FetchError, Limit, OnlyServed, Progress, Reason, Summary, Trap,
    escaped,
};
use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Shows a crawl: a bar on a terminal, lines elsewhere, nothing but failures when quiet.
pub(crate) struct Show {
    manner: Manner,
    ticks: Interval,
    begun: Instant,
    /// Then the counts stand still.
    building: bool,
    /// Whether standard output is for what changed.
    changes: bool,
    /// How many changes of each kind there are.
    changed: [usize; 3],
    /// What works only when it is served: the first, and how many there are.
    only_served: Option<(OnlyServed, usize)>,
    /// Why changes could not be written.
    unwritten: Option<io::Error>,
}

enum Manner {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

impl Show {
    pub(crate) fn new(quiet: bool, changes: bool) -> Self {
        let (manner, every) = if quiet {
            (Manner::Quiet, A_LONG_TIME)
        } else if io::stderr().is_terminal() {
            (Manner::Bar(bar()), Duration::from_millis(100))
        } else {
            (Manner::Lines, Duration::from_secs(5))
        };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks.reset();
        Show {
            manner,
            ticks,
            begun: Instant::now(),
            building: false,
            changes,
            changed: [0; 3],
            only_served: None,
            unwritten: None,
        }
    }

    /// Returns why changes could not be written, if that is so.
    pub(crate) fn unwritten(self) -> io::Result<()> {
        self.unwritten.map_or(Ok(()), Err)
    }

    /// Waits until it is time to show progress.
    pub(crate) async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    pub(crate) fn progress(&self, progress: Progress) {
        match &self.manner {
            Manner::Bar(bar) => {
                let done = (progress.fetched + progress.failed) as u64;
                bar.set_length(done + (progress.queued + progress.in_flight) as u64);
                bar.set_position(done);
                bar.set_message(self.counts(progress));
            }
            Manner::Lines if !self.building => line(&self.counts(progress)),
            Manner::Lines | Manner::Quiet => {}
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Resumed { done, queued: 0 } => self.tell(&format!(
                "this crawl is finished ({} URLs); --update looks for changes and tries again \
                 what failed, --fresh starts over",
                HumanCount(*done as u64)
            )),
            Event::Resumed { done, queued } => self.tell(&format!(
                "going on with an earlier crawl: {} URLs done, {} known and not yet done",
                HumanCount(*done as u64),
                HumanCount(*queued as u64)
            )),
            Event::Failed(failure) => {
                let see = match failure.reason {
                    Reason::Fetch(FetchError::TooLarge { .. })
                    | Reason::Content(ContentError::TooLong { .. }) => " (see --max-filesize)",
                    _ => "",
                };
                self.say(&format!("failed: {failure}{see}"));
            }
            Event::GivenUp { host } => self.say(&format!(
                "note: {} does not answer; what else is known of it is left for later",
                host.as_str()
            )),
            Event::Full { host } => self.say(&format!(
                "note: of {} as many URLs are fetched as may be; what else is known of it is left",
                host.as_str()
            )),
            Event::NotWritten(failure) => {
                self.say(&format!("failed: {failure}: {}", failure.source));
            }
            Event::OnlyServed(only) => match &mut self.only_served {
                Some((_, more)) => *more += 1,
                None => self.only_served = Some((only.clone(), 1)),
            },
            Event::ScopeExtended { from, to } => self.tell(&format!(
                "note: {from} redirects to {to}; the crawl includes that host"
            )),
            Event::Changed { url, change } => {
                self.changed[*change as usize] += 1;
                if self.changes {
                    // Of what JSON escapes, a canonical URL may have this alone.
                    let (change, url) = (name(*change), url.replace('\\', r"\\"));
                    let line = format!(r#"{{"change":"{change}","url":"{url}"}}"#);
                    match writeln!(io::stdout(), "{line}") {
                        // Where it goes may be closed; then nobody reads it.
                        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                            self.unwritten.get_or_insert(error);
                        }
                        _ => {}
                    }
                }
            }
            Event::HeldBack(Trap { kind, site, shape, held }) => {
                let held = HumanCount(*held);
                let which = match shape.as_str() {
                    "*" => format!("{held} other URLs of {site}"),
                    shape => format!("{held} URLs like {site}{shape}"),
                };
                self.say(&format!(
                    "note: a trap, it seems: {which}, and what they lead to, are not fetched: {kind} \
                     (see --max-alike)"
                ));
            }
            Event::NotPurged => self.say(
                "note: nothing is removed from the copy, since not all of the site could be looked at",
            ),
            Event::NotSearched { url } => {
                self.say(&format!("note: {url} is too long to be searched for links"));
            }
            Event::NotAllFollowed { url } => {
                self.say(&format!("note: {url} has too many links to follow all"));
            }
            Event::Building => {
                self.building = true;
                self.tell("building the copy");
            }
            _ => {}
        }
    }

    pub(crate) fn stopping(&self) {
        self.say("interrupted: building the copy of what was fetched; again to leave at once");
    }

    pub(crate) fn summary(&self, summary: &Summary, output: &Path) {
        if let Manner::Bar(bar) = &self.manner {
            bar.finish_and_clear();
        }
        if matches!(self.manner, Manner::Quiet) {
            return;
        }
        let mut text = format!(
            "{} fetched, {} in {:.1} s; {} failed",
            HumanCount(summary.fetched as u64),
            BinaryBytes(summary.bytes),
            summary.elapsed.as_secs_f64(),
            HumanCount(summary.failed() as u64),
        );
        if summary.failed() > 0 {
            text += &format!(
                " ({} refused by a server, {} not reached)",
                HumanCount(summary.refused as u64),
                HumanCount(summary.unreached as u64),
            );
        }
        if summary.excluded > 0 {
            text += &format!(
                "; {} not asked for, as robots.txt says",
                HumanCount(summary.excluded as u64)
            );
        }
        if summary.not_written > 0 {
            text += &format!(
                "; {} files not written",
                HumanCount(summary.not_written as u64)
            );
        }
        if summary.stopped {
            text += "; interrupted before the end";
        }
        if summary.left > 0 {
            let left = HumanCount(summary.left as u64);
            text += &match summary.limit {
                Some(limit) => {
                    let limit = flag(limit);
                    format!("; ended by {limit}, with {left} URLs left: the same command goes on")
                }
                None => format!("; {left} URLs left: the same command asks for them again"),
            };
        }
        if let [new, changed, gone] = self.changed
            && new + changed + gone > 0
        {
            text += &format!("; {new} new, {changed} changed, {gone} gone");
        }
        let files = HumanCount(summary.files as u64);
        let way_in = output.join("index.html");
        text += &match summary.files {
            0 => format!("\nno page for a copy in {}", output.display()),
            _ => format!("\nthe copy: {files} files, open {}", way_in.display()),
        };
        if let Some((first, count)) = &self.only_served {
            let many = match count {
                1 => "one thing works only under `dragline serve`".to_owned(),
                _ => format!(
                    "{} things work only under `dragline serve`, the first",
                    HumanCount(*count as u64)
                ),
            };
            let OnlyServed {
                path, url, reason, ..
            } = first;
            text += &format!("\n{many}: in {path}, {reason} ({url})");
        }
        if self.changes {
            line(&text);
            return;
        }
        // Where it goes may be closed; then nobody reads it.
        let _ = writeln!(io::stdout(), "{}", plain(&text));
    }

    fn counts(&self, progress: Progress) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rate, to be read"
        )]
        let rate = (progress.bytes as f64 / seconds) as u64;
        format!(
            "{} fetched, {} queued, {} failed, {}, {}/s",
            HumanCount(progress.fetched as u64),
            HumanCount((progress.queued + progress.in_flight) as u64),
            HumanCount(progress.failed as u64),
            BinaryBytes(progress.bytes),
            BinaryBytes(rate),
        )
    }

    /// Says what matters also to those who want to hear little.
    fn say(&self, text: &str) {
        match &self.manner {
            Manner::Bar(bar) => bar.suspend(|| line(text)),
            Manner::Lines | Manner::Quiet => line(text),
        }
    }

    fn tell(&self, text: &str) {
        if !matches!(self.manner, Manner::Quiet) {
            self.say(text);
        }
    }
}

/// Writes a line to standard error, free of what would steer a terminal.
pub(crate) fn line(text: &str) {
    // Where it goes may be closed; then nobody reads it.
    let _ = writeln!(io::stderr(), "{}", plain(text));
}

/// What would steer a terminal is shown as escapes.
pub(crate) fn plain(text: &str) -> String {
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| escaped(line).to_string())
        .collect();
    lines.join("\n")
}

fn flag(limit: Limit) -> &'static str {
    match limit {
        Limit::Pages => "--max-pages",
        Limit::PagesPerHost => "--max-per-host",
        Limit::Bytes => "--quota",
        Limit::Time => "--max-time",
        _ => "a limit",
    }
}

fn name(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Changed => "changed",
        Change::Gone => "gone",
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

const A_LONG_TIME: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_made_visible() {
        assert_eq!(
            plain("a\u{1b}[2Jb\r\u{9b}c\nd"),
            r"a\u{1b}[2Jb\r\u{9b}c".to_owned() + "\nd"
        );
    }
}
