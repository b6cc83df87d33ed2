#![no_main]

use std::time::{Duration, SystemTime};

use dragline_fetch::{MOST_RETRY_AFTER, retry_after};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

// Each line is a field. The first four bytes say what time it is.
fuzz_target!(|input: &[u8]| {
    let Some((time, fields)) = input.split_first_chunk() else {
        return;
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u32::from_le_bytes(*time).into());
    let fields: HeaderMap = fields
        .split(|byte| *byte == b'\n')
        .filter_map(|field| Some((RETRY_AFTER, HeaderValue::from_bytes(field).ok()?)))
        .collect();
    let asked = retry_after(&fields, now);
    assert!(asked.is_none_or(|asked| asked <= MOST_RETRY_AFTER));
    // The longest counts, wherever it stands.
    let alone = fields.iter().filter_map(|(name, value)| {
        retry_after(&HeaderMap::from_iter([(name.clone(), value.clone())]), now)
    });
    assert_eq!(asked, alone.max());
});
