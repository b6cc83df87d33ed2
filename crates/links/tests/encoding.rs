//! The encoding of documents, against html5lib's tests.

use std::fs;
use std::path::Path;

use dragline_links::{Document, Format, Teller};
use url::Url;

#[test]
fn agrees_on_the_html5lib_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html5lib-tests/encoding");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for test in split(&bytes, b"#data\n").skip(1) {
            let mut parts = split(test, b"\n#encoding\n");
            let (content, label) = (parts.next().unwrap(), parts.next().unwrap());
            let label = label.split(|byte| *byte == b'\n').next().unwrap();
            let expected = encoding_rs::Encoding::for_label(label).unwrap().name();
            let url = Url::parse("http://h/").unwrap();
            let charset = Document::new(content, Format::Html, None, &url).charset();
            // These tests have no guess but windows-1252; ours takes ASCII for UTF-8.
            let guessed = charset.told_by == Teller::Guess && expected == "windows-1252";
            // Its scripts would have to run.
            if content.starts_with(b"<!-- multi-script test -->") {
                continue;
            }
            if charset.name != expected && !guessed {
                wrong.push((
                    String::from_utf8_lossy(content)
                        .chars()
                        .take(120)
                        .collect::<String>(),
                    expected,
                    charset,
                ));
            }
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared} compared");
    assert!(
        wrong.is_empty(),
        "{} of {compared}: {wrong:#?}",
        wrong.len()
    );
}

fn split<'b>(bytes: &'b [u8], by: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let whole = rest?;
        let at = memchr::memmem::find(whole, by);
        rest = at.map(|at| &whole[at + by.len()..]);
        Some(&whole[..at.unwrap_or(whole.len())])
    })
}
