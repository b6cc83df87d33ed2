//! What a process did to a folder, read from what strace wrote.

use std::collections::HashMap;
use std::iter;

use anyhow::{Context, Result, bail, ensure};

/// The calls that strace has to show for it.
pub(crate) const CALLS: &str = "open,openat,openat2,creat,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,\
                                lseek,dup,dup2,dup3,fcntl,close,fsync,fdatasync,sync_file_range,rename,renameat,\
                                renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,\
                                copy_file_range,sendfile,splice";

/// All that was done, in the order in which it was done.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) operations: Vec<Operation>,
    /// So many of these were done long before: they make what was there at the beginning.
    pub(crate) before: usize,
    pub(crate) syncs: Vec<Sync>,
    /// The moments are numbered from 0 to this.
    pub(crate) end: usize,
}

/// A change, which begins at a moment and is done at a later one.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) change: Change,
}

/// What changed. Paths are below the folder; files are numbered in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Write {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: usize,
        length: usize,
    },
    Create {
        path: String,
        file: usize,
    },
    Folder(String),
    Remove(String),
    Rename {
        from: String,
        to: String,
    },
}

impl Change {
    /// The names that change; none with a file's content.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Change::Write { .. } | Change::Cut { .. } => Vec::new(),
            Change::Create { path, .. } | Change::Folder(path) | Change::Remove(path) => vec![path],
            Change::Rename { from, to } => vec![from, to],
        }
    }
}

/// Something was brought to the disk, between two moments.
#[derive(Debug)]
pub(crate) struct Sync {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) what: Synced,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Synced {
    File(usize),
    /// The names in a folder.
    Folder(String),
}

impl Trace {
    /// Reads what `strace -f -y -xx` wrote of processes, one after the other. The first began when these files and
    /// folders were there, by path.
    ///
    /// # Errors
    ///
    /// The log is not understood, or tells of a call that is not looked at here.
    pub(crate) fn parse(
        logs: &[String],
        root: &str,
        before: Vec<(String, Option<Vec<u8>>)>,
    ) -> Result<Self> {
        let mut reader = Reader {
            root: root.to_owned(),
            trace: Trace::default(),
            names: HashMap::new(),
            open: HashMap::new(),
            positions: Vec::new(),
            files: 0,
        };
        for (path, content) in before {
            reader.was_there(path, content);
        }
        reader.trace.before = reader.trace.operations.len();
        for log in logs {
            reader.open.clear();
            reader.read(log)?;
        }
        Ok(reader.trace)
    }
}

struct Reader {
    root: String,
    trace: Trace,
    /// The files that have a name.
    names: HashMap<String, usize>,
    /// What each descriptor is open on: the number of the opening.
    open: HashMap<u32, Open>,
    /// How far each opening has been read or written.
    positions: Vec<usize>,
    files: usize,
}

#[derive(Debug, Clone)]
enum Open {
    File { file: usize, opening: usize },
    Folder(String),
}

impl Reader {
    /// Reads the log of one process.
    fn read(&mut self, log: &str) -> Result<()> {
        let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
        for line in log.lines() {
            let moment = self.trace.end;
            self.trace.end += 1;
            let (thread, text) = line.split_once(' ').context("a line without a thread")?;
            let text = text.trim_start();
            if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
                self.closes(begun);
                unfinished.insert(thread, (moment, begun));
            } else if let Some(rest) = text.strip_prefix("<... ") {
                let (_, rest) = rest.split_once(" resumed>").context("a broken line")?;
                let (start, begun) = unfinished.remove(thread).context("no call to resume")?;
                let call = format!("{begun}{rest}");
                self.call(&call, start, moment)
                    .with_context(|| shortened(&call))?;
            } else {
                self.closes(text);
                self.call(text, moment, moment)
                    .with_context(|| shortened(text))?;
            }
        }
        Ok(())
    }

    fn was_there(&mut self, path: String, content: Option<Vec<u8>>) {
        let Some(bytes) = content else {
            return self.did(0, 0, Change::Folder(path));
        };
        let file = self.create(&path, 0, 0);
        let offset = 0;
        let write = Change::Write {
            file,
            offset,
            bytes,
        };
        self.did(0, 0, write);
    }

    fn create(&mut self, path: &str, start: usize, end: usize) -> usize {
        let file = self.files;
        self.files += 1;
        self.names.insert(path.to_owned(), file);
        let path = path.to_owned();
        self.did(start, end, Change::Create { path, file });
        file
    }

    /// Takes note that a descriptor is closed: when the call begins, as it may be given to another thread before it
    /// is seen to end.
    fn closes(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("close(")
            && let Some(descriptor) = number(rest)
        {
            self.open.remove(&descriptor);
        }
    }

    fn call(&mut self, text: &str, start: usize, end: usize) -> Result<()> {
        let Some((name, rest)) = text.split_once('(') else {
            // A signal, or that the thread ended.
            return Ok(());
        };
        // Results are aligned.
        let (arguments, result) = rest.rsplit_once(" = ").context("no result")?;
        let arguments = arguments.trim_end().strip_suffix(')').context("no end")?;
        if result.starts_with('-') || result.starts_with('?') {
            return Ok(());
        }
        let arguments = split(arguments);
        let argument = |index: usize| arguments.get(index).copied().unwrap_or_default();
        match name {
            "open" | "openat" | "openat2" | "creat" => {
                self.opened(&arguments.join(","), result, start, end)?;
            }
            "dup" | "dup2" | "dup3" => self.copied(argument(0), result),
            "fcntl" if argument(1).starts_with("F_DUPFD") => self.copied(argument(0), result),
            "lseek" => {
                if let Some(Open::File { opening, .. }) = self.on(argument(0)) {
                    self.positions[opening] = amount(result)?;
                }
            }
            "write" | "writev" | "pwrite64" | "pwritev" => {
                let Some(Open::File { file, opening }) = self.on(argument(0)) else {
                    return Ok(());
                };
                let mut bytes = strings(argument(1));
                bytes.truncate(amount(result)?);
                ensure!(
                    bytes.len() == amount(result)?,
                    "the bytes are not all there"
                );
                let offset = if name.starts_with('p') {
                    amount(argument(3))?
                } else {
                    let offset = self.positions[opening];
                    self.positions[opening] += bytes.len();
                    offset
                };
                let change = Change::Write {
                    file,
                    offset,
                    bytes,
                };
                self.did(start, end, change);
            }
            "ftruncate" => {
                if let Some(Open::File { file, .. }) = self.on(argument(0)) {
                    let length = amount(argument(1))?;
                    self.did(start, end, Change::Cut { file, length });
                }
            }
            "fsync" | "fdatasync" => {
                let what = match self.on(argument(0)) {
                    Some(Open::File { file, .. }) => Synced::File(file),
                    Some(Open::Folder(path)) => Synced::Folder(path),
                    None => return Ok(()),
                };
                self.trace.syncs.push(Sync { start, end, what });
            }
            "mkdir" | "mkdirat" | "unlink" | "unlinkat" | "rmdir" => {
                let Some(path) = self.path(&arguments) else {
                    return Ok(());
                };
                let change = if name.starts_with("mk") {
                    Change::Folder(path)
                } else {
                    self.names.remove(&path);
                    Change::Remove(path)
                };
                self.did(start, end, change);
            }
            "rename" | "renameat" | "renameat2" => {
                let half = if name == "rename" { 1 } else { 2 };
                let from = self.path(&arguments[..half]);
                let to = self.path(&arguments[half..(2 * half).min(arguments.len())]);
                let (Some(from), Some(to)) = (from, to) else {
                    bail!("a rename into the folder or out of it");
                };
                let file = self.names.remove(&from).context("a folder is renamed")?;
                self.names.insert(to.clone(), file);
                self.did(start, end, Change::Rename { from, to });
            }
            "close" | "fcntl" => {}
            _ => ensure!(
                !text.contains(&hex(self.root.as_bytes())),
                "a call that is not looked at"
            ),
        }
        Ok(())
    }

    fn opened(&mut self, arguments: &str, result: &str, start: usize, end: usize) -> Result<()> {
        let descriptor = number(result).context("no descriptor")?;
        let path = angled(result).and_then(|path| self.below(&path));
        let Some(path) = path else {
            self.open.remove(&descriptor);
            return Ok(());
        };
        let is_file = self.names.contains_key(&path);
        if !is_file && !arguments.contains("O_CREAT") {
            self.open.insert(descriptor, Open::Folder(path));
            return Ok(());
        }
        ensure!(!arguments.contains("O_APPEND"), "a file is appended to");
        let file = match self.names.get(&path) {
            Some(file) => *file,
            None => self.create(&path, start, end),
        };
        if is_file && arguments.contains("O_TRUNC") {
            self.did(start, end, Change::Cut { file, length: 0 });
        }
        let opening = self.positions.len();
        self.positions.push(0);
        self.open.insert(descriptor, Open::File { file, opening });
        Ok(())
    }

    fn copied(&mut self, from: &str, result: &str) {
        let (Some(from), Some(to)) = (number(from), number(result)) else {
            return;
        };
        match self.open.get(&from).cloned() {
            Some(open) => self.open.insert(to, open),
            None => self.open.remove(&to),
        };
    }

    fn on(&self, descriptor: &str) -> Option<Open> {
        self.open.get(&number(descriptor)?).cloned()
    }

    fn did(&mut self, start: usize, end: usize, change: Change) {
        self.trace.operations.push(Operation { start, end, change });
    }

    /// The path that these arguments name, if it is below the folder: a path, or a folder's descriptor and a name.
    fn path(&self, arguments: &[&str]) -> Option<String> {
        let name = arguments.iter().find(|text| text.starts_with('"'))?;
        let name = String::from_utf8(strings(name)).ok()?;
        if name.starts_with('/') {
            return self.below(&name);
        }
        let folder = angled(arguments.first()?)?;
        self.below(&format!("{folder}/{name}"))
    }

    fn below(&self, path: &str) -> Option<String> {
        let below = path.strip_prefix(&self.root)?;
        (below.is_empty() || below.starts_with('/'))
            .then(|| below.trim_start_matches('/').to_owned())
    }
}

/// Splits at the commas that are in no brackets; strings hold none, as all their bytes are numbers.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let commas = text.char_indices().filter(move |(_, char)| {
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        *char == ',' && depth == 0
    });
    let ends = commas.map(|(at, _)| at).chain(iter::once(text.len()));
    let mut from = 0;
    ends.map(|end| text[std::mem::replace(&mut from, end + 1)..end].trim())
        .collect()
}

/// Joins all the strings in a text: bytes, each as `\x` and two digits.
fn strings(text: &str) -> Vec<u8> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.flat_map(unescaped).collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .filter_map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// The path behind a descriptor: `7<PATH>`.
fn angled(text: &str) -> Option<String> {
    let (_, path) = text.split_once('<')?;
    let (path, _) = path.split_once('>')?;
    String::from_utf8(unescaped(path)).ok()
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u32> {
    let digits = text.split(|char: char| !char.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn amount(text: &str) -> Result<usize> {
    text.trim()
        .parse()
        .with_context(|| format!("no number: {text}"))
}

fn shortened(call: &str) -> String {
    format!("in the trace: {}", call.get(..200).unwrap_or(call))
}

#[cfg(test)]
mod tests {
    use super::{Change, Synced, Trace, hex};

    #[test]
    fn calls_that_overlap_are_told_in_the_order_they_end() {
        let path = |name: &str| hex(format!("/r{name}").as_bytes());
        let (root, file, other) = (path(""), path("/a"), path("/b"));
        let log = format!(
            "1  openat(AT_FDCWD<{root}>, \"{file}\", O_WRONLY|O_CREAT, 0666) = 3<{file}>\n\
             1  write(3<{file}>, \"\\x61\\x62\", 2 <unfinished ...>\n\
             2  fsync(3<{file}> <unfinished ...>\n\
             1  <... write resumed>) = 2\n\
             2  <... fsync resumed>) = 0\n\
             1  write(3<{file}>, \"\\x63\", 1) = 1\n\
             1  renameat(4<{root}>, \"{}\", 4<{root}>, \"{}\") = 0\n\
             1  openat(AT_FDCWD<{root}>, \"{root}\", O_RDONLY) = 5<{root}>\n\
             1  fsync(5<{root}>) = 0\n\
             1  write(1<{}>, \"\\x63\", 1) = 1\n\
             1  unlink(\"{other}\")      = -1 ENOENT (No such file)\n\
             1  +++ exited with 0 +++\n",
            hex(b"a"),
            hex(b"b"),
            hex(b"/elsewhere"),
        );
        let trace = Trace::parse(&[log], "/r", Vec::new()).unwrap();
        let changes: Vec<_> = trace
            .operations
            .iter()
            .map(|one| (one.start, one.end, one.change.clone()))
            .collect();
        let write = |offset, bytes: &[u8]| Change::Write {
            file: 0,
            offset,
            bytes: bytes.into(),
        };
        let expected = vec![
            (
                0,
                0,
                Change::Create {
                    path: "a".into(),
                    file: 0,
                },
            ),
            (1, 3, write(0, b"ab")),
            (5, 5, write(2, b"c")),
            (
                6,
                6,
                Change::Rename {
                    from: "a".into(),
                    to: "b".into(),
                },
            ),
        ];
        assert_eq!(changes, expected);
        let syncs: Vec<_> = trace
            .syncs
            .iter()
            .map(|sync| (sync.start, sync.end, sync.what.clone()))
            .collect();
        assert_eq!(
            syncs,
            [
                (2, 4, Synced::File(0)),
                (8, 8, Synced::Folder(String::new()))
            ]
        );
        assert_eq!(trace.end, 12);
    }
}
