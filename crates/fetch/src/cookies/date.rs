/// Reads a cookie's date as seconds since 1970 (RFC 6265bis §5.1.1): a year, a month, a day and a
/// time in any order, whatever is around them.
pub(super) fn read(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        if time.is_none() && read_time(token).is_some() {
            time = read_time(token);
        } else if day.is_none() && number(token, 1, 2).is_some() {
            day = number(token, 1, 2);
        } else if month.is_none() && read_month(token).is_some() {
            month = read_month(token);
        } else if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let ((hour, minute, second), day, month) = (time?, day?, month?);
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let is_valid = year >= 1601 && hour <= 23 && minute <= 59 && second <= 59;
    if !is_valid || day < 1 || day > days_in(month, year) {
        return None;
    }
    Some(((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// A number of `least` to `most` digits, and then nothing or what is no digit.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    (least..=most).contains(&digits).then(|| {
        let digits = token[..digits].iter();
        digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
    })
}

fn read_time(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut whole = || {
        let part = parts.next()?;
        part.iter()
            .all(u8::is_ascii_digit)
            .then(|| number(part, 1, 2))?
    };
    let (hour, minute) = (whole()?, whole()?);
    Some((hour, minute, number(parts.next()?, 1, 2)?))
}

fn read_month(token: &[u8]) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    let months = b"janfebmaraprmayjunjulaugsepoctnovdec".chunks(3);
    let found = (1..).zip(months).find(|(_, month)| *month == start);
    found.map(|(number, _)| number)
}

fn days_in(month: i64, year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to a date of the Gregorian calendar (Hinnant, `days_from_civil`).
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_kinds_are_read() {
        let expected = Some(784_111_777);
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "1994 november 6 08:49:37",
            "08:49:37;6;NOV;94",
            "6th Nov 1994 8:49:37x",
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(read(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(read(b"29 Feb 2000 00:00:00"), Some(951_782_400));
        assert_eq!(read(b"1 Jan 69 00:00:00"), Some(3_124_224_000));
        assert_eq!(read(b"31 Dec 9999 23:59:59"), Some(253_402_300_799));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "tomorrow",
            "29 Feb 1999 00:00:00",
            "31 Apr 2020 00:00:00",
            "0 Jan 2020 00:00:00",
            "1 Jan 1600 00:00:00",
            "1 Jan 2020 24:00:00",
            "1 Jan 2020 00:60:00",
            "1 Jan 2020 00:00",
            "1 Jan 20200 00:00:00",
            "99999999999999999999",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
