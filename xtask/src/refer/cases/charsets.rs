//! What the bytes mean.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

/// A page in some encoding, said in some way; its `#x` says `text`.
fn page(name: &'static str, content_type: &str, bytes: &[u8], text: &str) -> Case {
    Case::answered("charsets", name, Answer::typed(content_type, bytes)).says("#x", text)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

pub(super) fn cases() -> Vec<Case> {
    let html = "<!doctype html><title>x</title><p id=x>\u{e9}\u{fc}</p>";
    let sheet = |name, page: &[u8], css: Answer| {
        Case::answered("charsets", name, Answer::typed("text/html", page)).at("s.css", css)
            .script("getComputedStyle(document.querySelector('#x'), '::before').content === '\"\u{e9}\"'")
    };
    let linked: &[u8] =
        b"<!doctype html><meta charset=utf-8><link rel=stylesheet href=s.css><p id=x>";
    let css: &[u8] = b"#x::before { content: '\xe9' }";
    let image = |name, content_type: &str, bytes: &[u8], address: &str| {
        Case::answered("charsets", name, Answer::typed(content_type, bytes))
            .image(address)
            .loads("img")
    };
    vec![
        page("charset-in-header", "text/html; charset=ISO-8859-1", b"<!doctype html><title>x</title><p id=x>\xe9\xfc", "éü"),
        page("charset-in-header-utf8", "text/html; charset=utf-8", html.as_bytes(), "éü"),
        page("charset-in-header-quoted", "text/html;Charset=\"windows-1251\"", b"<title>x</title><p id=x>\xe9", "й"),
        page("charset-header-over-meta", "text/html; charset=windows-1251", b"<meta charset=utf-8><title>x</title><p id=x>\xe9", "й"),
        page("charset-in-meta", "text/html", b"<!doctype html><meta charset=koi8-r><title>x</title><p id=x>\xc1", "а"),
        page("charset-in-http-equiv", "text/html", b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-2'><title>x</title><p id=x>\xb1", "ą"),
        page("charset-late-meta", "text/html", &[b"<!doctype html><!--", &[b' '; 900][..], b"--><meta charset=windows-1251><p id=x>\xe9"].concat(), "й"),
        page("charset-bom", "text/html", &[b"\xef\xbb\xbf", html.as_bytes()].concat(), "éü"),
        page("charset-bom-over-header", "text/html; charset=iso-8859-1", &[b"\xef\xbb\xbf", html.as_bytes()].concat(), "éü"),
        page("charset-utf16le", "text/html", &utf16(&format!("\u{feff}{html}"), u16::to_le_bytes), "éü"),
        page("charset-utf16be", "text/html", &utf16(&format!("\u{feff}{html}"), u16::to_be_bytes), "éü"),
        page("charset-utf16-in-header", "text/html; charset=utf-16le", &utf16(html, u16::to_le_bytes), "éü"),
        image("charset-utf16-link", "text/html", &utf16("\u{feff}<!doctype html><title>x</title><img src='/charset-utf16-link/i.png'>", u16::to_le_bytes), "i.png"),
        page("charset-shift-jis", "text/html; charset=Shift_JIS", b"<title>x</title><p id=x>\x93\xfa\x83\x5c", "日ソ"),
        page("charset-euc-jp", "text/html", b"<meta charset=euc-jp><title>x</title><p id=x>\xc6\xfc", "日"),
        page("charset-iso-2022-jp", "text/html; charset=iso-2022-jp", b"<title>x</title><p id=x>\x1b$BF|\x1b(B</p>", "日"),
        page("charset-gbk", "text/html; charset=gb2312", b"<title>x</title><p id=x>\xc8\xd5", "日"),
        page("charset-big5", "text/html; charset=big5", b"<title>x</title><p id=x>\xa4\xe9", "日"),
        page("charset-euc-kr", "text/html; charset=euc-kr", b"<title>x</title><p id=x>\xb0\xa1", "가"),
        page("charset-xhtml", "application/xhtml+xml", b"<?xml version='1.0' encoding='ISO-8859-1'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body><p id='x'>\xe9</p></body></html>", "é"),
        image("charset-link-in-latin1", "text/html; charset=iso-8859-1", b"<title>x</title><img src='/charset-link-in-latin1/\xe9.png'>", "%C3%A9.png"),
        image("charset-query-in-latin1", "text/html; charset=iso-8859-1", b"<title>x</title><img src='i?\xe9'>", "i?%E9"),
        image("charset-link-in-shift-jis", "text/html; charset=shift_jis", b"<title>x</title><img alt='\x83\x5c' src='\x93\xfa/i.png'>", "%E6%97%A5/i.png"),
        sheet("charset-css-header", linked, Answer::typed("text/css; charset=iso-8859-1", css)),
        sheet("charset-css-rule", linked, Answer::typed("text/css", [b"@charset \"iso-8859-1\"; ", css].concat())),
        sheet("charset-css-rule-rewritten", linked, Answer::typed("text/css", [b"@charset \"iso-8859-1\"; @import '/charset-css-rule-rewritten/t.css'; ", css].concat())).at("t.css", Answer::css("")),
        sheet("charset-css-of-its-page", b"<!doctype html><meta charset=iso-8859-1><link rel=stylesheet href=s.css><p id=x>", Answer::typed("text/css", css)),
        sheet("charset-css-of-its-link", b"<!doctype html><meta charset=utf-8><link rel=stylesheet charset=iso-8859-1 href=s.css><p id=x>", Answer::typed("text/css; charset=iso-8859-1", css)),
        sheet("charset-css-bom", linked, Answer::typed("text/css", "\u{feff}#x::before { content: 'é' }")),
        sheet("charset-css-utf16", linked, Answer::typed("text/css", utf16("\u{feff}#x::before { content: 'é' }", u16::to_le_bytes))),
        Case::new("charsets", "charset-script-header", "<script src=s.js></script>").at("s.js", Answer::typed("text/javascript; charset=iso-8859-1", b"window.ok = '\xe9' === '\\u00e9'")),
        Case::new("charsets", "charset-script-attribute", "<script charset=iso-8859-1 src=s.js></script>").at("s.js", Answer::typed("text/javascript", b"window.ok = '\xe9' === '\\u00e9'")),
        Case::answered("charsets", "charset-script-of-its-page", Answer::typed("text/html", "<meta charset=iso-8859-1><script src=s.js></script>")).at("s.js", Answer::typed("text/javascript", b"window.ok = '\xe9' === '\\u00e9'")),
    ]
}
