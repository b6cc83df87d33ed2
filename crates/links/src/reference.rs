//! Character references, as they stand in attributes.

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// What a character reference stands for.
pub(crate) struct Decoded {
    pub(crate) first: char,
    pub(crate) second: Option<char>,
    /// How many bytes it has, the `&` included.
    pub(crate) length: usize,
}

/// Decodes the character reference that `text`, which begins with `&`, begins with; `None` if that
/// `&` is text (HTML §13.2.5.72, character reference state and those that follow it).
pub(crate) fn decode(text: &[u8]) -> Option<Decoded> {
    match text.get(1)? {
        b'#' => numeric(text),
        byte if byte.is_ascii_alphanumeric() => named(text),
        _ => None,
    }
}

fn numeric(text: &[u8]) -> Option<Decoded> {
    let (start, radix) = match text.get(2)? {
        b'x' | b'X' => (3, 16),
        _ => (2, 10),
    };
    let digits = text[start..]
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix));
    let mut code = 0_u32;
    let mut end = start;
    for digit in digits {
        code = code.saturating_mul(radix).saturating_add(digit);
        end += 1;
    }
    if end == start {
        return None;
    }
    let first = match code {
        0 => '\u{fffd}',
        0x80..=0x9f => C1_REPLACEMENTS[(code - 0x80) as usize].unwrap_or(char::from_u32(code)?),
        _ => char::from_u32(code).unwrap_or('\u{fffd}'),
    };
    Some(Decoded {
        first,
        second: None,
        length: end + usize::from(text.get(end) == Some(&b';')),
    })
}

/// The longest name counts. Without its `;`, it must not go on like a parameter of a query.
fn named(text: &[u8]) -> Option<Decoded> {
    let name = text[1..].iter().take(LONGEST_NAME);
    let letters = name.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let end = 1 + letters + usize::from(text.get(1 + letters) == Some(&b';'));
    let name = str::from_utf8(&text[1..end]).ok()?;
    let mut found = None;
    for length in 1..=name.len() {
        // The table has every beginning of a name, too.
        let Some((first, second)) = NAMED_ENTITIES.get(&name[..length]) else {
            break;
        };
        if *first != 0 {
            found = Some((length, *first, *second));
        }
    }
    let (length, first, second) = found?;
    let goes_on = |byte: &u8| *byte == b'=' || byte.is_ascii_alphanumeric();
    if !name[..length].ends_with(';') && text.get(1 + length).is_some_and(goes_on) {
        return None;
    }
    Some(Decoded {
        first: char::from_u32(first)?,
        second: char::from_u32(second).filter(|second| *second != '\0'),
        length: 1 + length,
    })
}

/// `CounterClockwiseContourIntegral;`
const LONGEST_NAME: usize = 32;

#[cfg(test)]
mod tests {
    fn check(text: &str, expected: Option<(&str, usize)>) {
        let found = super::decode(text.as_bytes()).map(|decoded| {
            let text: String = [Some(decoded.first), decoded.second]
                .into_iter()
                .flatten()
                .collect();
            (text, decoded.length)
        });
        let found = found
            .as_ref()
            .map(|(text, length)| (text.as_str(), *length));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn references_are_decoded_as_in_attributes() {
        check("&amp;x", Some(("&", 5)));
        check("&amp", Some(("&", 4)));
        check("&ampx", None);
        check("&amp=", None);
        check("&copy&", Some(("\u{a9}", 5)));
        check("&notit;", None);
        check("&not;", Some(("\u{ac}", 5)));
        check("&not-", Some(("\u{ac}", 4)));
        check("&notin;", Some(("\u{2209}", 7)));
        check("&nGt;", Some(("\u{226b}\u{20d2}", 5)));
        check("&CounterClockwiseContourIntegral;", Some(("\u{2233}", 33)));
        check("&nosuch;", None);
        check("&#65;", Some(("A", 5)));
        check("&#x41B", Some(("\u{41b}", 6)));
        check("&#X41g", Some(("A", 5)));
        check("&#128;", Some(("\u{20ac}", 6)));
        check("&#x81;", Some(("\u{81}", 6)));
        check("&#0", Some(("\u{fffd}", 3)));
        check("&#xD800;", Some(("\u{fffd}", 8)));
        check("&#99999999999999;", Some(("\u{fffd}", 17)));
        check("&#;", None);
        check("&#x;", None);
        check("&", None);
        check("& ", None);
    }
}
