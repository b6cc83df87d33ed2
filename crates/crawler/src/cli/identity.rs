use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use dragline::{Config, Cookies, Field, Login, Netrc};
use url::Url;

use crate::cli::value::read;
use crate::cli::{Unwritten, WrongUsage};

/// Who asks. What is secret goes to the origins of URL alone (scheme, host and port), and stands
/// neither in the archive nor in what is shown.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(next_help_heading = "Identity (told to the servers of URL alone)")]
pub(crate) struct Identity {
    /// Log in by this name; the password is asked for
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    user: Option<String>,

    /// The password for --user: the first line of a file; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "user", hide_short_help = true)]
    password_file: Option<PathBuf>,

    /// As wget has it; it is asked for anyway
    #[arg(long, requires = "user", conflicts_with = "password_file", hide = true)]
    ask_password: bool,

    /// Log in by what a file says of a host [default FILE: .netrc in the home folder]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = HOME, require_equals = true, hide_short_help = true)]
    netrc: Option<PathBuf>,

    /// Send this header field too (`Name: value`); @FILE is a file with one a line
    #[arg(long, value_name = "FIELD", hide_short_help = true)]
    header: Vec<String>,

    /// Neither send nor keep cookies
    #[arg(long, conflicts_with_all = ["load_cookies", "save_cookies"], hide_short_help = true)]
    no_cookies: bool,

    /// Begin with the cookies of a file (Netscape's format, as browsers export it); what looks as if it
    /// logs out is not fetched, unless --reject-regex says what is not
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    load_cookies: Option<PathBuf>,

    /// Write the cookies to a file at the end
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    save_cookies: Option<PathBuf>,

    /// With --save-cookies: also those that end with a session
    #[arg(long, requires = "save_cookies", hide_short_help = true)]
    keep_session_cookies: bool,

    /// Archive requests with what is secret in them
    #[arg(long, hide_short_help = true)]
    no_redact: bool,
}

/// In URLs that end a session.
const LOGS_OUT: &str = "(?i)([^a-z]|user)(log|sign)[-_]?(out|off)([/?&=._;!#]|$)";

/// Stands for the file in the home folder; no file has this name.
const HOME: &str = "\0";

/// Where cookies go at the end.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    cookies: Cookies,
    file: PathBuf,
    with_session: bool,
}

impl Identity {
    /// Takes what is in the seeds too, as typed. Returns where cookies go at the end.
    pub(crate) fn apply(
        self,
        seeds: &[String],
        config: &mut Config,
    ) -> anyhow::Result<Option<Saved>> {
        let credentials = &mut config.fetch.credentials;
        for mut seed in seeds.iter().filter_map(|seed| Url::parse(seed).ok()) {
            credentials.trust(&mut seed);
        }
        if let Some(user) = self.user {
            let password = match &self.password_file {
                Some(file) => first_line(file)?,
                None => ask(&user)?,
            };
            credentials.login = Some(Login { user, password });
        }
        if let Some(file) = self.netrc {
            let file = if file == Path::new(HOME) {
                std::env::home_dir().map(|home| home.join(".netrc"))
            } else {
                Some(file)
            };
            let file = file.ok_or_else(|| WrongUsage("there is no home folder".to_owned()))?;
            credentials.netrc = Netrc::parse(&read(&file)?);
        }
        for header in &self.header {
            match header.strip_prefix('@') {
                None => credentials.fields.push(field(header)?),
                Some(file) => {
                    for line in read(Path::new(file))?.lines() {
                        if !line.trim().is_empty() {
                            credentials.fields.push(field(line)?);
                        }
                    }
                }
            }
        }
        credentials.disclose = self.no_redact;
        if self.no_cookies {
            config.fetch.cookies = None;
        }
        let Some(cookies) = config.fetch.cookies.clone() else {
            return Ok(None);
        };
        if let Some(file) = &self.load_cookies {
            config.scope.reject_regex.get_or_insert(LOGS_OUT.parse()?);
            let wrong = cookies.load(read(file)?.as_bytes(), SystemTime::now());
            if wrong > 0 {
                let file = file.display();
                crate::show::line(&format!("note: {wrong} lines of `{file}` say no cookie"));
            }
        }
        Ok(self.save_cookies.map(|file| Saved {
            cookies,
            file,
            with_session: self.keep_session_cookies,
        }))
    }
}

impl Saved {
    /// Writes them, for the user alone to read.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let cookies = self.cookies.save(SystemTime::now(), self.with_session);
        let written = options
            .open(&self.file)
            .and_then(|mut file| file.write_all(&cookies));
        written.with_context(|| Unwritten(self.file.clone()))
    }
}

fn first_line(file: &Path) -> anyhow::Result<String> {
    let text = read(file)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn ask(user: &str) -> anyhow::Result<String> {
    let user: String = user.chars().filter(|char| !char.is_control()).collect();
    rpassword::prompt_password(format!("Password of {user}: ")).with_context(|| {
        WrongUsage("there is no terminal to ask for the password at (--password-file)".to_owned())
    })
}

/// It is not shown: there may be a password in it.
fn field(line: &str) -> anyhow::Result<Field> {
    line.parse()
        .with_context(|| WrongUsage("cannot send --header".to_owned()))
}

#[cfg(test)]
mod tests {
    use dragline::Regex;

    #[test]
    fn what_ends_a_session_is_told_by_its_url() {
        let logs_out = Regex::new(super::LOGS_OUT).unwrap();
        for url in [
            "/logout",
            "/Log-Out/",
            "/wp-login.php?action=logout&_wpnonce=1",
            "/wiki/Special:UserLogout",
            "/sign_out.aspx",
            "/account/signoff?next=/",
            "/logout;jsessionid=1",
        ] {
            assert!(logs_out.is_match(&format!("http://h{url}")), "{url}");
        }
        for url in [
            "/blogout",
            "/blog-out",
            "/logouts",
            "/login",
            "/signing",
            "/log/out",
        ] {
            assert!(!logs_out.is_match(&format!("http://h{url}")), "{url}");
        }
    }
}
