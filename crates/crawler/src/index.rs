//! Index files: entries of the archive that are no longer in a journal, a line each.

use std::io::{self, BufWriter, Write as _};

use archive::Entry;
use cap_std::fs::Dir;

/// Writes an index under its name, whole or not at all.
pub(crate) fn write_index(folder: &Dir, name: &str, entries: &[Entry]) -> io::Result<()> {
    write_aside(folder, name, entries)?;
    folder.rename(aside(name), folder, name)?;
    sync(folder)
}

/// Writes an index to where it is taken over from: its lines, and one that guards them.
pub(crate) fn write_aside(folder: &Dir, name: &str, entries: &[Entry]) -> io::Result<()> {
    let mut file = BufWriter::new(folder.create(aside(name))?);
    let mut crc = crc32fast::Hasher::new();
    for entry in entries {
        let line = format!("{entry}\n");
        crc.update(line.as_bytes());
        file.write_all(line.as_bytes())?;
    }
    writeln!(file, "{}", guard(entries.len(), crc))?;
    file.into_inner()?.sync_all()?;
    sync(folder)
}

/// Waits until files that were made, named or removed are so on the disk: what is done next goes by
/// it. (Not all systems can, nor need it.)
pub(crate) fn sync(folder: &Dir) -> io::Result<()> {
    if cfg!(unix) {
        folder.open(".")?.sync_all()?;
    }
    Ok(())
}

/// Reads an index; none if it is not there.
pub(crate) fn read_index(folder: &Dir, name: &str) -> io::Result<Vec<Entry>> {
    let text = match folder.read_to_string(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("{name} is damaged"));
    let (lines, last) = text.split_at(text.trim_end().rfind('\n').map_or(0, |at| at + 1));
    let entries = lines
        .lines()
        .map(|line| line.parse().map_err(|_| damaged()));
    let entries: Vec<_> = entries.collect::<io::Result<_>>()?;
    let mut crc = crc32fast::Hasher::new();
    crc.update(lines.as_bytes());
    if last.trim_end() == guard(entries.len(), crc) {
        Ok(entries)
    } else {
        Err(damaged())
    }
}

/// Tells an index that is whole.
fn guard(entries: usize, crc: crc32fast::Hasher) -> String {
    format!("# {entries} entries, CRC-32 {:08x}", crc.finalize())
}

/// Where an index is before it gets its name.
pub(crate) fn aside(name: &str) -> String {
    format!("{name}.new")
}

/// Of entries in one place, one.
pub(crate) fn each_once(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(Entry::position);
    entries.dedup_by_key(|entry| entry.position());
    entries
}
