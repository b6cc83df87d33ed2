//! The URIs of a playlist of HTTP Live Streaming (RFC 8216 §4).

use std::ops::Range;

/// Where they stand: each line that is no tag and no comment, and what tags have as `URI`. What does not
/// begin as it must (§4.3.1.1) is none.
pub(crate) fn uris(playlist: &str) -> impl Iterator<Item = Range<usize>> {
    let begin = playlist.trim_start_matches('\u{feff}');
    let lines = if begin.starts_with("#EXTM3U") {
        begin
    } else {
        ""
    };
    let mut at = playlist.len() - begin.len();
    lines.split_inclusive(['\n', '\r']).filter_map(move |line| {
        let start = at;
        at += line.len();
        let uri = if line.starts_with("#EXT") {
            of_tag(line)?
        } else {
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                return None;
            }
            let from = line.len() - line.trim_start().len();
            from..from + text.len()
        };
        Some(start + uri.start..start + uri.end)
    })
}

/// §4.2: an attribute's name and its value, in quotes; it stands behind a colon or a comma.
fn of_tag(line: &str) -> Option<Range<usize>> {
    let mut names = line.match_indices("URI=\"");
    let (at, name) = names.find(|(at, _)| line[..*at].ends_with([':', ',']))?;
    let start = at + name.len();
    let length = line[start..].find('"')?;
    (length > 0).then(|| start..start + length)
}

#[cfg(test)]
mod tests {
    #[test]
    fn uris_are_lines_and_attributes() {
        let playlist = "#EXTM3U\r\n#EXT-X-KEY:METHOD=AES-128,URI=\"k,1.bin\",IV=0x1\n\
            #EXT-X-MAP:URI=\"\"\n#EXT-X-X:NOT-URI=\"a\"\n#EXTINF:1,URI=b\n a b.ts \n\n# c.ts\nd.ts";
        let uris = super::uris(playlist).map(|uri| &playlist[uri]);
        assert!(uris.eq(["k,1.bin", "a b.ts", "d.ts"]));
        assert_eq!(super::uris("<p>Not found</p>\na.ts").count(), 0);
    }
}
