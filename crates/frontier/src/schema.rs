//! The file of the journal: its tables, and how they are written and read.
//!
//! ```sql
//! sqlite3 journal.db 'SELECT url.url, record FROM done JOIN url ON url.id = done.url'
//! ```
//!
//! All rows are only ever added. Ids are counted from 1 without a gap. `crc` is the CRC-32 of the
//! row's other values: numbers as 8 bytes, little-endian, then text. Format 3:
//!
//! - `url`: every URL that entered, in that order. `via`: on which it was found first; none for a
//!   seed. `redirects`: how many in a row led to it. `depth`: how many links away from a seed it
//!   is. `flags`: 1 for what a page needs, not a page; 2 if what led to it says nothing new; 4 for a guess;
//!   8 if it differs from `via` by its query alone.
//! - `done`: every URL that was reported, in that order. `urls`: how many had entered by then, what
//!   was found on it included. `record`: what the crawl keeps of it.
//!   `news`: whether it says something new: 0 nobody knows, 1 yes, 2 the words of another, 3 the
//!   bytes of another; `digest` and (of documents) `words` tell this of later ones.
//! - `held`: what was held back as part of a trap, and why: 0 it leads on and says nothing new, 1
//!   its path repeats itself, 2 it is one of very many. What is done was not held for ever.
//! - `needed`: URLs that entered as pages or guesses and are what a page needs too.
//! - `wanted`: what URLs that entered as guesses, and were not done, were found as too, like rows of
//!   `url`; and again at a less `depth`.
//! - `in_vain`: URLs that were guesses, and are done and wrong: they may have entered once more.
//! - `nearer`: URLs that were found at a less `depth` than before.
//! - `onward`: redirects that were found as pages, and the `target` they lead to if they are needed.
//! - `host`: hosts that rest between two leases, and for how long.
//! - `about`: which crawl it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::content::Content;
use crate::error::FrontierError;
use crate::frontier::{Found, Past, Role, TrapKind};
use crate::state::Text;
use crate::traps::{Evidence, News};
use crate::{CanonicalUrl, Host};

/// A row of `url` that is to be written.
#[derive(Debug)]
pub(crate) struct UrlRow {
    pub(crate) url: CanonicalUrl,
    pub(crate) via: Option<u32>,
    pub(crate) redirects: u8,
    pub(crate) depth: u32,
    pub(crate) flags: Flags,
}

/// What kind of URL it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) role: Role,
    pub(crate) is_suspect: bool,
    pub(crate) is_variant: bool,
}

/// A row of `done` that is to be written.
#[derive(Debug)]
pub(crate) struct DoneRow {
    pub(crate) url: u32,
    pub(crate) urls: u32,
    pub(crate) record: String,
    pub(crate) evidence: Evidence,
}

/// A row of `url` that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UrlRead<'a> {
    pub(crate) url: &'a str,
    pub(crate) via: Option<u32>,
    pub(crate) depth: u32,
    pub(crate) flags: Flags,
}

/// Rows that belong together: all are written, or none.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// With their ids.
    pub(crate) urls: Vec<(u32, UrlRow)>,
    pub(crate) done: Vec<DoneRow>,
    pub(crate) delays: Vec<(Host, Duration)>,
    pub(crate) held: Vec<(u32, TrapKind)>,
    pub(crate) needed: Vec<CanonicalUrl>,
    pub(crate) wanted: Vec<UrlRow>,
    pub(crate) in_vain: Vec<u32>,
    pub(crate) nearer: Vec<(u32, u32)>,
    pub(crate) onward: Vec<(u32, CanonicalUrl, u8)>,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        let found = self.needed.len() + self.wanted.len() + self.nearer.len();
        let again = found + self.onward.len() + self.in_vain.len();
        self.urls.len() + self.done.len() + self.delays.len() + self.held.len() + again
    }
}

/// A connection to the file.
pub(crate) struct File {
    db: Connection,
    path: Arc<Path>,
}

type Result<T, E = FrontierError> = std::result::Result<T, E>;

impl File {
    /// Opens the file to write it, and makes it if it is not there.
    pub(crate) fn open(
        path: &Path,
        about: &[(String, String)],
        notes: &[(String, String)],
        existing: bool,
    ) -> Result<Self> {
        let path: Arc<Path> = path.into();
        let failed = |source| failed(&path, source);
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, !existing);
        let db = Connection::open_with_flags(&path, flags | COMMON).map_err(failed)?;
        let file = File {
            db,
            path: Arc::clone(&path),
        };
        // A person may look into it for as long.
        file.db.busy_timeout(PATIENCE).map_err(failed)?;
        let number = |name| {
            let pragma = file.db.pragma_query_value(None, name, |row| row.get(0));
            pragma.map_err(failed)
        };
        let (application, version): (i64, i64) =
            (number("application_id")?, number("user_version")?);
        let is_new = (application, version, number("schema_version")?) == (0, 0, 0_i64);
        if !is_new && application != APPLICATION {
            return Err(FrontierError::Foreign {
                path: path.to_path_buf(),
            });
        }
        if is_new && existing {
            return Err(FrontierError::Empty {
                path: path.to_path_buf(),
            });
        }
        if !is_new && version < VERSION {
            return Err(FrontierError::Older {
                path: path.to_path_buf(),
                version,
                known: VERSION,
            });
        }
        if version > VERSION {
            return Err(FrontierError::Newer {
                path: path.to_path_buf(),
                version,
                known: VERSION,
            });
        }
        file.db
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 PRAGMA wal_autocheckpoint = 8000;",
            )
            .map_err(failed)?;
        if is_new {
            file.create(about.iter().chain(notes)).map_err(failed)?;
            // A commit alone may not survive a power cut; what is noted has to, lest what is kept
            // beside the journal have none.
            file.settle()?;
        }
        file.is_about(about)?;
        Ok(file)
    }

    /// Has each commit wait until it is on the disk.
    pub(crate) fn sync_commits(&self) -> Result<()> {
        let set = self.db.execute_batch("PRAGMA synchronous = FULL");
        set.map_err(|source| self.failed(source))
    }

    /// Opens the file, which is there, to read what is committed.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self> {
        let path: Arc<Path> = path.into();
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY | COMMON)
            .map_err(|source| failed(&path, source))?;
        db.busy_timeout(PATIENCE)
            .map_err(|source| failed(&path, source))?;
        Ok(File { db, path })
    }

    fn create<'a>(
        &self,
        about: impl Iterator<Item = &'a (String, String)>,
    ) -> rusqlite::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        for (key, value) in about {
            let crc = about_crc(key, value);
            transaction.execute(
                "INSERT INTO about VALUES (?, ?, ?)",
                params![key, value, crc],
            )?;
        }
        transaction.commit()
    }

    /// Returns what the journal says of its crawl.
    pub(crate) fn about(&self, key: &str) -> Result<Option<String>> {
        let select = "SELECT value, crc FROM about WHERE key = ?";
        let row = self.db.query_row(select, [key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
        });
        let row = row.optional().map_err(|source| self.failed(source))?;
        match row {
            Some((value, crc)) if crc != about_crc(key, &value) => {
                Err(self.damaged(format!("what it says of its {key}")))
            }
            row => Ok(row.map(|(value, _)| value)),
        }
    }

    fn is_about(&self, about: &[(String, String)]) -> Result<()> {
        for (what, ours) in about {
            let theirs = self.about(what)?;
            let theirs = theirs.unwrap_or_default();
            if theirs != *ours {
                return Err(FrontierError::OtherCrawl {
                    path: self.path.to_path_buf(),
                    what: what.clone(),
                    theirs,
                    ours: ours.clone(),
                });
            }
        }
        Ok(())
    }

    /// Writes all or nothing.
    pub(crate) fn write(&self, batch: &Batch) -> Result<()> {
        self.try_write(batch).map_err(|source| self.failed(source))
    }

    fn try_write(&self, batch: &Batch) -> rusqlite::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO url VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        for (id, row) in &batch.urls {
            let (url, flags) = (row.url.as_str(), row.flags.number());
            let crc = row.crc(*id);
            insert.execute(params![
                id,
                url,
                row.via,
                row.redirects,
                row.depth,
                flags,
                crc
            ])?;
        }
        let mut insert = self.db.prepare_cached(
            "INSERT INTO done (url, urls, record, news, digest, words, crc)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for row in &batch.done {
            let DoneRow {
                url,
                urls,
                record,
                evidence,
            } = row;
            let news = evidence.news as u8;
            let content = evidence.content;
            let digest = content.map(|it| it.digest.cast_signed());
            let words = content.and_then(|it| it.words).map(u64::cast_signed);
            let crc = done_crc(*url, *urls, news, [digest, words], record);
            insert.execute(params![url, urls, record, news, digest, words, crc])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO held VALUES (?, ?, ?)")?;
        for (url, why) in &batch.held {
            let why = *why as u8;
            insert.execute(params![url, why, held_crc(*url, why)])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR REPLACE INTO host VALUES (?, ?)")?;
        for (host, delay) in &batch.delays {
            insert.execute(params![host.as_str(), millis(*delay)])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO needed VALUES (?, ?)")?;
        for url in &batch.needed {
            insert.execute(params![url.as_str(), crc([], url.as_str())])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?, ?, ?)")?;
        for row in &batch.wanted {
            let (url, flags) = (row.url.as_str(), row.flags.number());
            let crc = row.crc(0);
            insert.execute(params![url, row.via, row.redirects, row.depth, flags, crc])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO in_vain VALUES (?, ?)")?;
        for url in &batch.in_vain {
            insert.execute(params![url, crc([(*url).into()], "")])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO nearer VALUES (?, ?, ?)")?;
        for (url, depth) in &batch.nearer {
            let crc = crc([*url, *depth].map(u64::from), "");
            insert.execute(params![url, depth, crc])?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO onward VALUES (?, ?, ?, ?)")?;
        for (url, target, redirects) in &batch.onward {
            let crc = crc([(*url).into(), (*redirects).into()], target.as_str());
            insert.execute(params![url, target.as_str(), redirects, crc])?;
        }
        transaction.commit()
    }

    /// Moves what was committed into the file itself, so that it is whole without its log.
    pub(crate) fn settle(&self) -> Result<()> {
        let settled = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        settled.map_err(|source| self.failed(source))
    }

    /// How many URLs there are.
    pub(crate) fn urls(&self) -> Result<u32> {
        let count = self.db.query_row("SELECT max(id) FROM url", [], |row| {
            row.get::<_, Option<u32>>(0)
        });
        Ok(count.map_err(|source| self.failed(source))?.unwrap_or(0))
    }

    pub(crate) fn delays(&self, mut each: impl FnMut(Host, Duration)) -> Result<()> {
        self.rows("SELECT name, delay_ms FROM host", |row| {
            let name: String = row.get(0)?;
            each(
                Host::named(&name),
                Duration::from_millis(row.get::<_, u32>(1)?.into()),
            );
            Ok(None)
        })
    }

    /// Gives the number of each URL that is done, checking the rows, and what it was judged to be.
    pub(crate) fn each_done(
        &self,
        urls: u32,
        mut each: impl FnMut(u32, Evidence) -> bool,
    ) -> Result<()> {
        let mut rows = 0;
        self.rows(
            "SELECT seq, url, urls, record, news, digest, words, crc FROM done ORDER BY seq",
            |row| {
                rows += 1;
                let (seq, url, entered): (u32, u32, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (news, digest, words) = (row.get(4)?, row.get(5)?, row.get(6)?);
                let record = text(row, 3)?;
                let is_whole = seq == rows
                    && (1..=urls).contains(&url)
                    && entered <= urls
                    && row.get::<_, u32>(7)?
                        == done_crc(url, entered, news, [digest, words], record);
                let evidence = Evidence {
                    news: News::of_number(news),
                    content: digest.map(|digest: i64| Content {
                        digest: digest.cast_unsigned(),
                        words: words.map(i64::cast_unsigned),
                    }),
                };
                let is_damaged = !is_whole || !each(url, evidence);
                Ok(is_damaged.then(|| format!("row {rows} of table `done`")))
            },
        )
    }

    /// Gives what was ever held, checking the rows.
    pub(crate) fn each_held(&self, urls: u32, mut each: impl FnMut(u32, TrapKind)) -> Result<()> {
        self.rows("SELECT url, why, crc FROM held", |row| {
            let (url, why): (u32, u8) = (row.get(0)?, row.get(1)?);
            let kind = HELD.get(usize::from(why));
            let is_whole = (1..=urls).contains(&url) && row.get::<_, u32>(2)? == held_crc(url, why);
            match kind {
                Some(kind) if is_whole => each(url, *kind),
                _ => return Ok(Some(format!("row {url} of table `held`"))),
            }
            Ok(None)
        })
    }

    /// Gives each URL in the order of entry, checking the rows.
    pub(crate) fn each_url(&self, urls: u32, mut each: impl FnMut(UrlRead<'_>)) -> Result<()> {
        let mut rows = 0;
        self.rows(
            "SELECT id, url, via, redirects, depth, flags, crc FROM url ORDER BY id",
            |row| {
                rows += 1;
                let (id, via, redirects) = (row.get(0)?, row.get(2)?, row.get(3)?);
                let (depth, flags) = (row.get(4)?, row.get(5)?);
                let url = text(row, 1)?;
                let crc = url_crc(id, via, redirects, depth, flags, url);
                if id != rows || row.get::<_, u32>(6)? != crc {
                    return Ok(Some(format!("row {rows} of table `url`")));
                }
                each(UrlRead {
                    url,
                    via,
                    depth,
                    flags: Flags::of_number(flags),
                });
                Ok(None)
            },
        )?;
        if rows == urls {
            Ok(())
        } else {
            Err(self.damaged(format!("{urls} URLs are counted, {rows} are there")))
        }
    }

    /// Gives each URL of `needed`, checking the rows.
    pub(crate) fn each_needed(&self, mut each: impl FnMut(&str)) -> Result<()> {
        self.rows("SELECT url, crc FROM needed", |row| {
            let url = text(row, 0)?;
            let is_whole = row.get::<_, u32>(1)? == crc([], url);
            if is_whole {
                each(url);
            }
            Ok((!is_whole).then(|| "a row of table `needed`".to_owned()))
        })
    }

    /// Gives what guesses were found as too, the nearest last, checking the rows.
    pub(crate) fn each_wanted(&self, mut each: impl FnMut(Text)) -> Result<()> {
        let select = "SELECT w.url, v.url, w.redirects, w.depth, w.flags, w.via, w.crc
                      FROM wanted w LEFT JOIN url v ON v.id = w.via ORDER BY w.depth DESC";
        self.rows(select, |row| {
            let text = read_text(row)?;
            let is_whole = row.get::<_, u32>(6)? == UrlRow::from(&text).crc(0);
            if is_whole {
                each(text);
            }
            Ok((!is_whole).then(|| "a row of table `wanted`".to_owned()))
        })
    }

    /// Gives each guess that was wrong, checking the rows.
    pub(crate) fn each_in_vain(&self, urls: u32, mut each: impl FnMut(u32)) -> Result<()> {
        self.rows("SELECT url, crc FROM in_vain", |row| {
            let url: u32 = row.get(0)?;
            let is_whole =
                (1..=urls).contains(&url) && row.get::<_, u32>(1)? == crc([url.into()], "");
            if is_whole {
                each(url);
            }
            Ok((!is_whole).then(|| format!("row {url} of table `in_vain`")))
        })
    }

    /// Gives each URL that was found nearer, and how far away then, checking the rows.
    pub(crate) fn each_nearer(&self, urls: u32, mut each: impl FnMut(u32, u32)) -> Result<()> {
        self.rows(
            "SELECT url, depth, crc FROM nearer ORDER BY depth DESC",
            |row| {
                let (url, depth): (u32, u32) = (row.get(0)?, row.get(1)?);
                let is_whole = (1..=urls).contains(&url)
                    && row.get::<_, u32>(2)? == crc([url, depth].map(u64::from), "");
                if is_whole {
                    each(url, depth);
                }
                Ok((!is_whole).then(|| format!("row {url} of table `nearer`")))
            },
        )
    }

    /// Gives each redirect that leads elsewhere if it is needed: its number, itself, whether it is
    /// suspect, and where it leads; checking the rows.
    pub(crate) fn each_onward(
        &self,
        mut each: impl FnMut(u32, CanonicalUrl, bool, Found),
    ) -> Result<()> {
        let select = "SELECT o.url, u.url, u.flags, o.target, o.redirects, o.crc FROM onward o
                      LEFT JOIN url u ON u.id = o.url";
        self.rows(select, |row| {
            let (url, redirects): (u32, u8) = (row.get(0)?, row.get(4)?);
            let target = text(row, 3)?;
            let is_whole = row.get::<_, u32>(5)? == crc([url.into(), redirects.into()], target);
            match optional_text(row, 1)?.filter(|_| is_whole) {
                Some(from) => {
                    let is_suspect = Flags::of_number(row.get(2)?).is_suspect;
                    let target = Found {
                        redirects,
                        ..Found::requisite(CanonicalUrl::known(target))
                    };
                    each(url, CanonicalUrl::known(from), is_suspect, target);
                    Ok(None)
                }
                None => Ok(Some(format!("row {url} of table `onward`"))),
            }
        })
    }

    /// Looks up URLs, all in one transaction: to begin one takes as long as to look one up.
    pub(crate) fn texts(&self, ids: &[u32], mut each: impl FnMut(u32, Text)) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut look = || {
            let transaction = self.db.unchecked_transaction()?;
            let mut select = transaction.prepare_cached(
                "SELECT u.url, v.url, u.redirects, u.depth, u.flags, u.via FROM url u LEFT JOIN url v ON v.id = u.via
                 WHERE u.id = ?",
            )?;
            for id in ids {
                each(*id, select.query_row([id], read_text)?);
            }
            Ok(())
        };
        look().map_err(|source| self.failed(source))
    }

    /// Returns what is done, from one on.
    pub(crate) fn done(&self, skip: u64, most: usize) -> Result<Vec<Past>> {
        let look = || {
            let mut select = self.db.prepare_cached(
                "SELECT u.url, v.url, d.record FROM done d JOIN url u ON u.id = d.url
                 LEFT JOIN url v ON v.id = u.via WHERE d.seq > ? ORDER BY d.seq LIMIT ?",
            )?;
            let skip = i64::try_from(skip).unwrap_or(i64::MAX);
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let done = select.query_map([skip, most], |row| {
                Ok(Past {
                    url: CanonicalUrl::known(text(row, 0)?),
                    via: optional_text(row, 1)?.map(CanonicalUrl::known),
                    record: row.get(2)?,
                })
            })?;
            done.collect::<rusqlite::Result<_>>()
        };
        look().map_err(|source| self.failed(source))
    }

    /// Gives the URLs that are not done, in the order of entry.
    pub(crate) fn left(&self, mut each: impl FnMut(CanonicalUrl)) -> Result<()> {
        let select = "SELECT url FROM url WHERE id NOT IN (SELECT url FROM done) ORDER BY id";
        self.rows(select, |row| {
            each(CanonicalUrl::known(text(row, 0)?));
            Ok(None)
        })
    }

    /// Reads all rows of a query, until one is said to be damaged.
    fn rows(
        &self,
        sql: &str,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<String>>,
    ) -> Result<()> {
        let mut read = || -> rusqlite::Result<Option<String>> {
            let mut select = self.db.prepare(sql)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                if let Some(damage) = each(row)? {
                    return Ok(Some(damage));
                }
            }
            Ok(None)
        };
        match read() {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(self.damaged(what)),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn damaged(&self, what: String) -> FrontierError {
        FrontierError::Damaged {
            path: self.path.to_path_buf(),
            what,
        }
    }

    fn failed(&self, source: rusqlite::Error) -> FrontierError {
        failed(&self.path, source)
    }
}

/// What the database says, said of the file.
fn failed(path: &Path, source: rusqlite::Error) -> FrontierError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let path = path.to_path_buf();
    match source {
        rusqlite::Error::SqliteFailure(error, _)
            if matches!(error.code, DatabaseCorrupt | NotADatabase) =>
        {
            FrontierError::Damaged {
                path,
                what: source.to_string(),
            }
        }
        // What was written as one type is read as another.
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => FrontierError::Damaged {
            path,
            what: source.to_string(),
        },
        source => FrontierError::Journal {
            path,
            source: Arc::new(source),
        },
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

fn optional_text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

/// Reads what a URL was found as: it, `via`, `redirects`, `depth`, `flags`, and the number of `via`.
fn read_text(row: &Row<'_>) -> rusqlite::Result<Text> {
    let flags = Flags::of_number(row.get(4)?);
    Ok(Text {
        url: CanonicalUrl::known(text(row, 0)?),
        via: optional_text(row, 1)?.map(CanonicalUrl::known),
        redirects: row.get(2)?,
        depth: row.get(3)?,
        role: flags.role,
        is_suspect: flags.is_suspect,
        is_variant: flags.is_variant,
        via_id: row.get(5)?,
    })
}

fn url_crc(id: u32, via: Option<u32>, redirects: u8, depth: u32, flags: u8, url: &str) -> u32 {
    let via = via.unwrap_or(0);
    let numbers = [id, via, redirects.into(), depth, flags.into()];
    crc(numbers.map(u64::from), url)
}

impl UrlRow {
    /// That of the row with this id; of `wanted`, which has none, with 0.
    fn crc(&self, id: u32) -> u32 {
        let flags = self.flags.number();
        url_crc(
            id,
            self.via,
            self.redirects,
            self.depth,
            flags,
            self.url.as_str(),
        )
    }
}

impl From<&Text> for UrlRow {
    fn from(text: &Text) -> Self {
        UrlRow {
            url: text.url.clone(),
            via: text.via_id,
            redirects: text.redirects,
            depth: text.depth,
            flags: Flags {
                role: text.role,
                is_suspect: text.is_suspect,
                is_variant: text.is_variant,
            },
        }
    }
}

impl Flags {
    fn number(self) -> u8 {
        let role = match self.role {
            Role::Page => 0,
            Role::Requisite => 1,
            Role::Guess => 4,
        };
        role | u8::from(self.is_suspect) << 1 | u8::from(self.is_variant) << 3
    }

    fn of_number(flags: u8) -> Self {
        Flags {
            role: match (flags & 1, flags & 4) {
                (0, 0) => Role::Page,
                (0, _) => Role::Guess,
                _ => Role::Requisite,
            },
            is_suspect: flags & 2 != 0,
            is_variant: flags & 8 != 0,
        }
    }
}

fn about_crc(key: &str, value: &str) -> u32 {
    crc([0; 3], &format!("{key}: {value}"))
}

fn done_crc(url: u32, urls: u32, news: u8, content: [Option<i64>; 2], record: &str) -> u32 {
    let [digest, words] = content.map(|it| it.unwrap_or(0).cast_unsigned());
    crc(
        [url.into(), urls.into(), news.into(), digest, words],
        record,
    )
}

fn held_crc(url: u32, why: u8) -> u32 {
    crc([url.into(), why.into()], "")
}

fn crc<const N: usize>(numbers: [u64; N], text: &str) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for number in numbers {
        crc.update(&number.to_le_bytes());
    }
    crc.update(text.as_bytes());
    crc.finalize()
}

/// At most 49 days.
fn millis(delay: Duration) -> u32 {
    u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)
}

const SCHEMA: &str = "
CREATE TABLE url (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, via INTEGER, redirects INTEGER NOT NULL,
    depth INTEGER NOT NULL, flags INTEGER NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE done (
    seq INTEGER PRIMARY KEY, url INTEGER NOT NULL, urls INTEGER NOT NULL, record TEXT NOT NULL,
    news INTEGER NOT NULL, digest INTEGER, words INTEGER, crc INTEGER NOT NULL
);
CREATE TABLE held (url INTEGER PRIMARY KEY, why INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE host (name TEXT PRIMARY KEY, delay_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE needed (url TEXT PRIMARY KEY, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE wanted (
    url TEXT NOT NULL, via INTEGER, redirects INTEGER NOT NULL, depth INTEGER NOT NULL,
    flags INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (url, depth)
) WITHOUT ROWID;
CREATE TABLE in_vain (url INTEGER PRIMARY KEY, crc INTEGER NOT NULL);
CREATE TABLE nearer (
    url INTEGER NOT NULL, depth INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (url, depth)
) WITHOUT ROWID;
CREATE TABLE onward (
    url INTEGER PRIMARY KEY, target TEXT NOT NULL, redirects INTEGER NOT NULL, crc INTEGER NOT NULL
);
";

/// By their numbers.
const HELD: [TrapKind; 3] = [TrapKind::NothingNew, TrapKind::Repeats, TrapKind::Flood];
/// No lock of its own (there is one around it), and no symbolic link is followed.
const COMMON: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX.union(OpenFlags::SQLITE_OPEN_NOFOLLOW);
/// `drgl`, so that `file` and others can tell.
const APPLICATION: i64 = 0x6472_676c;
const VERSION: i64 = 3;
const PATIENCE: Duration = Duration::from_secs(10);
