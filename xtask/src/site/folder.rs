//! A folder of files, as a site.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

/// A folder to serve, and nothing outside it.
#[derive(Debug)]
pub(crate) struct Folder {
    /// The folder's path without symbolic links, which the path of each file served begins with.
    root: PathBuf,
}

/// What a folder has at an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File {
        content_type: &'static str,
        body: Vec<u8>,
    },
    /// The address of a folder without the slash at its end; relative links would go astray there.
    Folder,
    Nothing,
}

impl Folder {
    /// Takes a folder to serve.
    ///
    /// # Errors
    ///
    /// Fails when there is no folder at the path.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root })
    }

    /// Reads what is at the path of a URL, percent-encoded as it came. Blocks on the disk.
    pub(crate) fn find(&self, url_path: &str) -> Found {
        let Some(relative) = relative(url_path) else {
            return Found::Nothing;
        };
        let mut path = self.root.join(relative);
        let Some(existing) = self.inside(&path) else {
            return Found::Nothing;
        };
        match (existing.is_dir(), url_path.ends_with('/')) {
            (true, false) => return Found::Folder,
            (false, true) => return Found::Nothing,
            (true, true) => path.push("index.html"),
            (false, false) => {}
        }
        match self.inside(&path).map(fs::read) {
            Some(Ok(body)) => Found::File {
                content_type: content_type(&path),
                body,
            },
            _ => Found::Nothing,
        }
    }

    /// Returns an existing path without symbolic links, if it is inside the folder.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        path.starts_with(&self.root).then_some(path)
    }
}

/// Returns the relative path that a URL's path stands for, without asking the disk.
///
/// Refuses `.` and `..` in any spelling, what is not UTF-8, and what no file is named. Decodes once, before it looks.
fn relative(url_path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(url_path).decode_utf8().ok()?;
    if decoded.contains(['\0', '\\']) {
        return None;
    }
    let mut path = PathBuf::new();
    for name in decoded.split('/').filter(|name| !name.is_empty()) {
        // `Path` knows the names that are none, also those of other systems: `.`, `..`, `C:`.
        let mut components = Path::new(name).components();
        let Some(Component::Normal(name)) = components.next() else {
            return None;
        };
        path.push(name);
    }
    Some(path)
}

/// Returns the content type by the extension, in either case.
///
/// HTML and CSS say their charset themselves, and one in the header would win over theirs: none is given.
pub(crate) fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html",
        "xhtml" => "application/xhtml+xml",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "xml" => "application/xml",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "pdf" => "application/pdf",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use super::{Folder, Found, content_type, relative};

    #[test]
    fn paths_are_decoded_once() {
        let check = |url_path, path| assert_eq!(relative(url_path), Some(PathBuf::from(path)));
        check("/", "");
        check("/a/b.html", "a/b.html");
        check("/a//b/", "a/b");
        check("/a%20b/%C3%A9.png", "a b/é.png");
        check("/a%2Fb", "a/b");
        check("/%252e%252e/a", "%2e%2e/a");
        check("/...", "...");
    }

    #[test]
    fn paths_that_climb_are_refused() {
        for url_path in [
            "/..",
            "/../x",
            "/a/../x",
            "/a/%2e%2e/x",
            "/a/.%2E/x",
            "/a/..%2fx",
            "/%2e%2e%2f%2e%2e%2fetc/passwd",
            "/a/./x",
            "/a%00b",
            "/..%5Cx",
            "/%ff",
        ] {
            assert_eq!(relative(url_path), None, "{url_path}");
        }
    }

    #[test]
    fn content_type_is_by_extension() {
        let check = |name, expected| assert_eq!(content_type(Path::new(name)), expected);
        check("a/index.html", "text/html");
        check("style.CSS", "text/css");
        check("x.min.js", "text/javascript");
        check("x.mjs", "text/javascript");
        check("x.woff2", "font/woff2");
        check("app.webmanifest", "application/manifest+json");
        check("robots.txt", "text/plain; charset=utf-8");
        check("x.tar.xz", "application/octet-stream");
        check("README", "application/octet-stream");
        check(".html", "application/octet-stream");
    }

    #[test]
    fn only_what_is_inside_is_found() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::create_dir(root.join("bare")).unwrap();
        fs::write(outside.path().join("secret.txt"), "secret").unwrap();
        fs::write(root.join("index.html"), "home").unwrap();
        fs::write(root.join("sub/index.html"), "sub").unwrap();
        fs::write(root.join("style.css"), "a{}").unwrap();
        symlink("../secret.txt", root.join("leak.txt")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("../../secret.txt", root.join("bare/index.html")).unwrap();
        symlink("style.css", root.join("alias.css")).unwrap();

        let folder = Folder::open(&root).unwrap();
        let file = |content_type, body: &str| Found::File {
            content_type,
            body: body.into(),
        };
        let check = |url_path, expected| assert_eq!(folder.find(url_path), expected, "{url_path}");
        check("/", file("text/html", "home"));
        check("/index.html", file("text/html", "home"));
        check("/style.css", file("text/css", "a{}"));
        check("/alias.css", file("text/css", "a{}"));
        check("/sub", Found::Folder);
        check("/sub/", file("text/html", "sub"));
        check("/style.css/", Found::Nothing);
        check("/missing.html", Found::Nothing);
        check("/bare/", Found::Nothing);
        check("/leak.txt", Found::Nothing);
        check("/up/secret.txt", Found::Nothing);
        check("/up", Found::Nothing);
        check("/../secret.txt", Found::Nothing);
        check("/%2e%2e/secret.txt", Found::Nothing);
    }

    #[test]
    fn a_file_is_no_folder_to_open() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Folder::open(file.path()).is_err());
    }
}
