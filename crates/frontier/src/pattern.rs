//! Patterns as wget has them, for the names of files and of folders.

use std::fmt;

use regex::Regex;

/// What a name of the `-A` and `-R` lists stands for: a suffix of file names (`gif`), or, with one
/// of `*?[]`, whole file names (`page-[0-9].html`).
#[derive(Clone, Debug)]
pub struct FilePattern {
    text: String,
    glob: Option<Regex>,
    case: Case,
}

/// Whether upper and lower case are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// They are.
    #[default]
    Heeded,
    /// They are not.
    Ignored,
}

impl FilePattern {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A bracket is not closed, or what is in it is no range.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        Self::with_case(text, Case::Heeded)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) has them.
    pub fn with_case(text: &str, case: Case) -> Result<Self, InvalidPattern> {
        let glob = has_wildcards(text).then(|| glob(text, "", case));
        Ok(FilePattern {
            text: text.to_owned(),
            glob: glob.transpose()?,
            case,
        })
    }

    /// Tells whether it stands for a file of this name.
    pub fn matches(&self, name: &str) -> bool {
        if let Some(glob) = &self.glob {
            return glob.is_match(name);
        }
        let start = name.len().checked_sub(self.text.len());
        let end = start.and_then(|start| name.as_bytes().get(start..));
        end.is_some_and(|end| self.case.is_same(end, self.text.as_bytes()))
    }

    pub(crate) fn ignores_case(&self) -> bool {
        self.case == Case::Ignored
    }
}

impl Case {
    /// Of names that are percent-encoded, and so ASCII.
    fn is_same(self, one: &[u8], other: &[u8]) -> bool {
        match self {
            Case::Heeded => one == other,
            Case::Ignored => one.eq_ignore_ascii_case(other),
        }
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a name of the `-I` and `-X` lists stands for: a folder (`/docs`) and all that is in it. A
/// wildcard (`/*/private`) stands for what is between two slashes.
#[derive(Clone, Debug)]
pub struct FolderPattern {
    text: String,
    glob: Option<Regex>,
    case: Case,
}

impl FolderPattern {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A bracket is not closed, or what is in it is no range.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        Self::with_case(text, Case::Heeded)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) has them.
    pub fn with_case(text: &str, case: Case) -> Result<Self, InvalidPattern> {
        let text = text.trim_matches('/');
        let glob = has_wildcards(text).then(|| glob(text, "(?:/.*)?", case));
        Ok(FolderPattern {
            text: text.to_owned(),
            glob: glob.transpose()?,
            case,
        })
    }

    /// Tells whether it stands for the folder of this path, or one that it is in.
    pub fn matches(&self, folder: &str) -> bool {
        let folder = folder.trim_matches('/');
        if let Some(glob) = &self.glob {
            return glob.is_match(folder);
        }
        let (folder, text) = (folder.as_bytes(), self.text.as_bytes());
        match folder.split_at_checked(text.len()) {
            Some((start, rest)) if self.case.is_same(start, text) => {
                text.is_empty() || rest.is_empty() || rest.starts_with(b"/")
            }
            _ => false,
        }
    }

    pub(crate) fn ignores_case(&self) -> bool {
        self.case == Case::Ignored
    }
}

impl fmt::Display for FolderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.text)
    }
}

/// The text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pattern: a bracket is not closed, or holds no characters or a range that is none"
)]
pub struct InvalidPattern(String);

fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Compiles it to what is matched in linear time, whatever it is.
fn glob(text: &str, behind: &str, case: Case) -> Result<Regex, InvalidPattern> {
    let invalid = || InvalidPattern(text.to_owned());
    let mut expression = String::from(match case {
        Case::Heeded => "^(?s:",
        Case::Ignored => "^(?si:",
    });
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => {
                let (class, after) = rest.as_str().split_once(']').ok_or_else(invalid)?;
                let (not, class) = match class.strip_prefix(['!', '^']) {
                    Some(class) => ("^", class),
                    None => ("", class),
                };
                if class.is_empty() || !class.is_ascii() {
                    return Err(invalid());
                }
                expression.push_str(&format!("[{not}"));
                for character in class.chars() {
                    if !character.is_ascii_alphanumeric() && character != '-' {
                        expression.push('\\');
                    }
                    expression.push(character);
                }
                expression.push(']');
                rest = after.chars();
            }
            character => {
                expression.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
            }
        }
    }
    expression.push_str(&format!("{behind})$"));
    Regex::new(&expression).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_end_or_by_a_pattern_of_all_of_it() {
        let matches = |pattern, name| FilePattern::new(pattern).unwrap().matches(name);
        assert!(matches("gif", "a.gif") && matches(".gif", "a.gif") && !matches("gif", "gif.html"));
        assert!(matches("*.gif", "a.gif") && !matches("a*", "ba"));
        assert!(matches("page-?.html", "page-1.html") && !matches("page-?.html", "page-12.html"));
        assert!(matches("[a-c][!0-9]", "bx") && !matches("[a-c][!0-9]", "b1"));
        assert!(matches("[*]", "*") && !matches("[*]", "x"));
        assert!(matches("a+(b)*", "a+(b)c") && !matches("a+(b)*", "aab"));
        for invalid in ["[", "a[b", "[]", "[z-a]", "[é]"] {
            assert!(FilePattern::new(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn a_folder_is_named_with_all_that_is_in_it() {
        let matches = |pattern, name| FolderPattern::new(pattern).unwrap().matches(name);
        assert!(matches("/docs", "/docs/") && matches("docs/", "/docs/a/b/"));
        assert!(!matches("/docs", "/docs2/") && !matches("/docs", "/a/docs/"));
        assert!(matches("/", "/") && matches("/", "/a/"));
        assert!(matches("/*/private", "/a/private/x/") && !matches("/*/private", "/a/b/private/"));
        assert!(matches("/v[0-9]", "/v1/") && !matches("/v[0-9]", "/v10/"));
    }

    #[test]
    fn case_is_ignored_where_that_is_asked_for() {
        let file = |pattern, name| {
            let pattern = FilePattern::with_case(pattern, Case::Ignored).unwrap();
            pattern.matches(name) && !FilePattern::new(&pattern.text).unwrap().matches(name)
        };
        assert!(file("gif", "A.GIF") && file("a*.Gif", "AB.gif") && !file("gif", "f"));
        let folder = |pattern, name| {
            let pattern = FolderPattern::with_case(pattern, Case::Ignored).unwrap();
            pattern.matches(name) && !FolderPattern::new(&pattern.text).unwrap().matches(name)
        };
        assert!(
            folder("/Docs", "/docs/a/") && folder("/D*", "/docs/") && !folder("/Docs", "/docs2/")
        );
    }

    /// A matcher that tries again behind each star would try for ever.
    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = FilePattern::new(&("*a".repeat(50) + "*b")).unwrap();
        assert!(!pattern.matches(&"a".repeat(10_000)));
    }
}
