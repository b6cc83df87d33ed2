use std::fmt;
use std::iter;

use crate::credentials::Login;

/// The names and passwords of a `.netrc` file: `machine NAME login NAME password TEXT`, and
/// `default` for all other machines.
#[derive(Clone, Default)]
pub struct Netrc {
    machines: Vec<Machine>,
}

#[derive(Clone)]
struct Machine {
    /// In lower case; `None` is any.
    name: Option<String>,
    login: Login,
}

impl Netrc {
    /// Reads a file's text, as curl reads it: quotes may stand around words with blanks (`\"`,
    /// `\\`, `\n`, `\r` and `\t` within), `#` begins a comment at the beginning of a line, a
    /// `macdef` goes to the next empty line, and what has no meaning is passed over.
    pub fn parse(text: &str) -> Self {
        let mut machines: Vec<Machine> = Vec::new();
        let mut words = Words { rest: text };
        while let Some(word) = words.next() {
            let login = machines.last_mut().map(|machine| &mut machine.login);
            match word.as_str() {
                "machine" => machines.extend(words.next().map(|name| Machine {
                    name: Some(name.to_ascii_lowercase()),
                    login: Login::default(),
                })),
                "default" => machines.push(Machine {
                    name: None,
                    login: Login::default(),
                }),
                "login" | "user" => {
                    let user = words.next().unwrap_or_default();
                    if let Some(login) = login {
                        login.user = user;
                    }
                }
                "password" | "passwd" => {
                    let password = words.next().unwrap_or_default();
                    if let Some(login) = login {
                        login.password = password;
                    }
                }
                "account" => drop(words.next()),
                "macdef" => words.skip_macro(),
                _ => {}
            }
        }
        machines.retain(|machine| !machine.login.user.is_empty());
        Netrc { machines }
    }

    /// Returns the first login for a host.
    pub fn login(&self, host: &str) -> Option<&Login> {
        let is_named = |machine: &&Machine| {
            let mut name = machine.name.iter();
            name.any(|name| name.eq_ignore_ascii_case(host))
        };
        let mut all = self.machines.iter();
        let named = self.machines.iter().find(is_named);
        named
            .or_else(|| all.find(|machine| machine.name.is_none()))
            .map(|machine| &machine.login)
    }
}

/// Says nothing of what is secret.
impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc").finish_non_exhaustive()
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// Passes over the rest of the line and all lines to an empty one.
    fn skip_macro(&mut self) {
        let lines = iter::from_fn(|| {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            (!line.trim().is_empty()).then_some(())
        });
        lines.for_each(drop);
    }

    fn quoted(&mut self) -> String {
        let mut word = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' | '\n' => {
                    end = at + 1;
                    break;
                }
                '\\' => word.extend(chars.next().map(|(_, escaped)| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                })),
                other => word.push(other),
            }
        }
        self.rest = &self.rest[end..];
        word
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let trimmed = self.rest.trim_start();
            let skipped = &self.rest[..self.rest.len() - trimmed.len()];
            // At the beginning of the text nothing is skipped, and no line has begun yet.
            let begins_line = skipped.contains('\n') || skipped.is_empty();
            self.rest = trimmed;
            if !(begins_line && trimmed.starts_with('#')) {
                break;
            }
            let end = trimmed.find('\n').unwrap_or(trimmed.len());
            self.rest = &trimmed[end..];
        }
        if self.rest.starts_with('"') {
            return Some(self.quoted());
        }
        let end = self.rest.find(char::is_whitespace);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, expected: Option<(&str, &str)>) {
        let netrc = Netrc::parse(text);
        let login = netrc.login(host);
        let found = login.map(|login| (login.user.as_str(), login.password.as_str()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_machine_has_a_login() {
        let text = "machine a.test\n\tlogin me\n\tpassword secret\nmachine b.test login you";
        check(text, "a.test", Some(("me", "secret")));
        check(text, "A.TEST", Some(("me", "secret")));
        check(text, "b.test", Some(("you", "")));
        check(text, "sub.a.test", None);
        check(text, "a.test.", None);
    }

    #[test]
    fn a_default_is_for_all_others() {
        let text = "default login any password x machine a.test login me password y";
        check(text, "a.test", Some(("me", "y")));
        check(text, "b.test", Some(("any", "x")));
    }

    #[test]
    fn odd_files_are_read() {
        let macro_ = "machine a macdef init\nmachine b login evil\n\nlogin me password p";
        check(macro_, "a", Some(("me", "p")));
        check(macro_, "b", None);
        check(
            "# machine a login x\nmachine a login y",
            "a",
            Some(("y", "")),
        );
        check("  #x\nmachine a login y", "a", Some(("y", "")));
        check("machine a login y password #1", "a", Some(("y", "#1")));
        check(
            r#"machine a login "m e" password "a\"b\\\tc""#,
            "a",
            Some(("m e", "a\"b\\\tc")),
        );
        check(
            "machine a login \"open\npassword x",
            "a",
            Some(("open", "x")),
        );
        check("machine a account z login y", "a", Some(("y", "")));
        check("machine a login y\r\npassword x\r\n", "a", Some(("y", "x")));
        check("login lost password lost machine", "a", None);
        check("machine a password only", "a", None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(machine|default|login|macdef|password|\"|\\\\|#|[ \n\t]|\\PC){0,40}") {
            Netrc::parse(&text).login("a");
        }
    }
}
