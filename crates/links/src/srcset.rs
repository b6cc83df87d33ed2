use std::ops::Range;

/// Finds the URLs of a `srcset`, by the HTML standard's "parse a srcset attribute" (§2.4.4).
/// Candidates with descriptors that a browser would not take are found too.
pub(crate) fn urls(srcset: &str) -> Vec<Range<usize>> {
    let bytes = srcset.as_bytes();
    let mut urls = Vec::new();
    let mut at = 0;
    loop {
        at = skip(bytes, at, |byte| byte.is_ascii_whitespace() || byte == b',');
        if at == bytes.len() {
            return urls;
        }
        let start = at;
        at = skip(bytes, at, |byte| !byte.is_ascii_whitespace());
        let commas = bytes[start..at]
            .iter()
            .rev()
            .take_while(|byte| **byte == b',')
            .count();
        urls.push(start..at - commas);
        if commas == 0 {
            at = skip_descriptors(bytes, at);
        }
    }
}

/// Up to the comma that ends a candidate; one in parentheses does not.
fn skip_descriptors(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip(bytes, at, |byte| !matches!(byte, b',' | b'('));
        if bytes.get(at) != Some(&b'(') {
            return at;
        }
        at = skip(bytes, at, |byte| byte != b')');
    }
}

fn skip(bytes: &[u8], from: usize, passes: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|byte| !passes(*byte))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    fn check(srcset: &str, expected: &[&str]) {
        let urls: Vec<_> = super::urls(srcset)
            .into_iter()
            .map(|url| &srcset[url])
            .collect();
        assert_eq!(urls, expected, "{srcset}");
    }

    #[test]
    fn urls_are_found_as_the_standard_finds_them() {
        check("", &[]);
        check(" , ,", &[]);
        check("a.png", &["a.png"]);
        check("a.png 1x, b.png 2x", &["a.png", "b.png"]);
        check("a.png, b.png 100w", &["a.png", "b.png"]);
        check("a.png,b.png 2x", &["a.png,b.png"]);
        check("a.png,, b.png", &["a.png", "b.png"]);
        check("\n a.png\t2x\n,\r\nb,c.png", &["a.png", "b,c.png"]);
        check("data:,a ( , ) 1x, b", &["data:,a", "b"]);
        check("a (unclosed, b", &["a"]);
    }
}
