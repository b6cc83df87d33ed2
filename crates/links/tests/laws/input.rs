//! What a fuzz target makes of its input.

/// Takes a charset from the first byte.
pub(crate) fn charset(input: &[u8]) -> (Option<&'static str>, &[u8]) {
    let Some((first, content)) = input.split_first() else {
        return (None, input);
    };
    let charset = CHARSETS.get(usize::from(*first).wrapping_sub(usize::from(b'0')));
    (charset.copied(), content)
}

/// `0` and so on; any other byte stands for none.
pub(crate) const CHARSETS: [&str; 7] = [
    "utf-8",
    "windows-1252",
    "shift_jis",
    "gb18030",
    "utf-16le",
    "iso-2022-jp",
    "big5",
];

/// A page with this for a `srcset`.
pub(crate) fn in_srcset(content: &[u8]) -> Vec<u8> {
    [b"<img srcset=\"", content, b"\">"].concat()
}
