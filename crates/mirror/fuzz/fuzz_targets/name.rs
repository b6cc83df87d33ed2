#![no_main]

#[path = "../../src/name/laws.rs"]
mod laws;
#[path = "../../src/media.rs"]
mod media;
#[path = "../../src/name.rs"]
mod name;

use libfuzzer_sys::fuzz_target;

// The first line is a content type; the others are URLs.
fuzz_target!(|input: &[u8]| laws::check(input));
