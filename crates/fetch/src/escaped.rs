use std::fmt::{self, Display, Write};

/// Shows what a server may have written so that it does nothing to a terminal or a log: control
/// characters (also C1), line ends, marks of direction and everything else that has no picture are
/// written as escapes, such as `\n` and `\u{1b}`. Printable text, of any script, stays as it is.
///
/// ```
/// use dragline_fetch::escaped;
/// assert_eq!(escaped("caf\u{e9}\r\n\x1b[2J\u{202e}").to_string(), "caf\u{e9}\\r\\n\\u{1b}[2J\\u{202e}");
/// ```
pub fn escaped<T: Display>(text: T) -> Escaped<T> {
    Escaped(text)
}

/// What [`escaped`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(formatter), "{}", self.0)
    }
}

/// Escapes what is written through it.
struct Escaper<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| self.write_char(char))
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        // These are escaped only to be read back as Rust.
        if matches!(char, '"' | '\'' | '\\') {
            return self.0.write_char(char);
        }
        write!(self.0, "{}", char.escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text).to_string(), expected);
        check("\0\x07\x08\x7f", r"\0\u{7}\u{8}\u{7f}");
        check("a\r\nb\tc", r"a\r\nb\tc");
        check("\x1b]52;c;aGk=\x07", r"\u{1b}]52;c;aGk=\u{7}");
        check("\u{9b}2J\u{85}", r"\u{9b}2J\u{85}");
        check("\u{2028}\u{2029}", r"\u{2028}\u{2029}");
        for direction in [
            '\u{61c}', '\u{200e}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
        ] {
            let expected = direction.escape_unicode().to_string();
            check(&direction.to_string(), &expected);
        }
        check("\u{feff}\u{200b}\u{e000}", r"\u{feff}\u{200b}\u{e000}");
    }

    #[test]
    fn no_control_character_passes() {
        for char in ('\0'..=char::MAX).filter(|char| char.is_control()) {
            assert!(!escaped(char).to_string().contains(char), "{char:?}");
        }
    }

    #[test]
    fn text_stays_as_it_is() {
        let text = r#"it's "a\b" – Grüße, 中文, עברית 🦀"#;
        assert_eq!(escaped(text).to_string(), text);
    }
}
