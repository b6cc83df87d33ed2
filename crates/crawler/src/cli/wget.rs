//! What those type who know wget: what is done anyway, what it has another name for, and what there
//! is instead.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error};

/// What wget is asked for, and is done without asking.
#[derive(Debug, clap::Args)]
pub(crate) struct Anyway {
    /// Links are followed; also with --page-requisites, if this is said
    #[arg(
        short,
        long,
        short_alias = 'm',
        alias = "mirror",
        action = clap::ArgAction::Count,
        hide = true
    )]
    pub(crate) recursive: u8,

    /// Links lead to files, which end as what they are, and what came lies in the archive; what is
    /// there already is not fetched again
    #[arg(
        short = 'k',
        long,
        short_aliases = ['E', 'K', 'c'],
        aliases = [
            "adjust-extension", "html-extension", "backup-converted", "continue", "no-clobber",
            "no-host-directories", "no-verbose",
        ],
        action = clap::ArgAction::Count,
        hide = true
    )]
    convert_links: u8,
}

/// Spells out wget's short options of two letters, which to others are two options, also behind others
/// (`-mkEpnp`).
pub(crate) fn spelled_out(typed: OsString) -> Vec<OsString> {
    let letters = typed.to_str().and_then(|typed| typed.strip_prefix('-'));
    let Some((flags, long)) = letters.and_then(|letters| {
        let (flags, second) = letters.split_once('n')?;
        let are_flags = flags.chars().all(|flag| FLAGS.contains(flag));
        let mut longs = TWO_LETTERS.iter().filter(|_| are_flags);
        let (second, long) = longs.find(|(letter, _)| second.starts_with(*letter))?;
        let behind = &letters[flags.len() + 1 + second.len_utf8()..];
        Some(([flags, behind].concat(), *long))
    }) else {
        return vec![typed];
    };
    let mut spelled_out = vec![long.into()];
    if !flags.is_empty() {
        spelled_out.extend(self::spelled_out(format!("-{flags}").into()));
    }
    spelled_out
}

/// Says with an error what there is instead of a flag of wget's.
pub(crate) fn with_hint(mut error: Error) -> Error {
    if let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg)
        && let Some(hint) = instead_of(typed)
    {
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![hint.into()]),
        );
    }
    error
}

fn instead_of(typed: &str) -> Option<&'static str> {
    let mut flags = INSTEAD.iter();
    flags.find_map(|(names, hint)| names.contains(&typed).then_some(*hint))
}

/// Those of one letter that take no value and may stand before others.
const FLAGS: &str = "rmkEKcpqH46";

const TWO_LETTERS: [(char, &str); 5] = [
    ('p', "--no-parent"),
    ('c', "--no-clobber"),
    ('H', "--no-host-directories"),
    ('v', "--no-verbose"),
    ('d', "--no-directories"),
];

const INSTEAD: &[(&[&str], &str)] = &[
    (
        &["-P", "--directory-prefix"],
        "--output names the folder of the copy itself",
    ),
    (
        &["-N", "--timestamping"],
        "--update crawls again and asks for what is new",
    ),
    (
        &["-O", "--output-document"],
        "a copy is a folder, named by --output",
    ),
    (
        &["-o", "--output-file", "-a", "--append-output"],
        "what is said goes to standard error",
    ),
    (
        &["-S", "--server-response"],
        "what servers answer is in the archive, heads and all",
    ),
    (
        &["--spider"],
        "what is broken is told in a crawl; --no-archive leaves the copy alone",
    ),
    (
        &[
            "-nd",
            "--no-directories",
            "--cut-dirs",
            "-x",
            "--force-directories",
        ],
        "files lie in the folders that their URLs have",
    ),
    (
        &["--restrict-file-names", "--default-page"],
        "files have names that every system takes",
    ),
    (
        &["--content-disposition", "--trust-server-names"],
        "files are named for their URLs, and end as what they are",
    ),
    (
        &[
            "--warc-file",
            "--warc-cdx",
            "--warc-dedup",
            "--warc-header",
            "--warc-max-size",
        ],
        "an archive is kept anyway, in DIR/.dragline/archive; `dragline export` writes CDXJ and WACZ",
    ),
    (
        &["--password", "--http-user", "--http-password"],
        "--user asks for the password, or takes --password-file",
    ),
    (
        &["--max-redirect"],
        "as many redirects are followed as by browsers",
    ),
    (
        &["--post-data", "--post-file", "--method", "--body-data"],
        "nothing is sent but GET",
    ),
    (&["--referer"], "--header 'Referer: ...'"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn options_of_two_letters_are_spelled_out() {
        let spelled_out = |typed: &str| {
            let all = super::spelled_out(typed.into());
            all.join(" ".as_ref()).into_string().unwrap()
        };
        assert_eq!(spelled_out("-np"), "--no-parent");
        assert_eq!(spelled_out("-mkEpnp"), "--no-parent -mkEp");
        assert_eq!(
            spelled_out("-rnHncp"),
            "--no-host-directories --no-clobber -rp"
        );
        for same in ["-Anp", "-ln", "--np", "-", "-nx", "http://h/-np", "-p"] {
            assert_eq!(spelled_out(same), same);
        }
    }
}
