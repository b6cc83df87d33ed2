#![no_main]

#[path = "../../tests/laws/input.rs"]
mod input;
#[path = "../../tests/laws/mod.rs"]
mod laws;

use dragline_links::Format;
use libfuzzer_sys::fuzz_target;

// The first byte says in which encoding the rest is taken to be. A sitemap is XML, or a list of URLs; so is
// a playlist.
fuzz_target!(|input: &[u8]| {
    let (charset, content) = input::charset(input);
    laws::check(content, Format::Xml, charset);
    laws::check(content, Format::List, charset);
    laws::check(content, Format::Playlist, charset);
});
