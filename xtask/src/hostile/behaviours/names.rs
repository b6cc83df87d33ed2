//! Names: what a URL calls itself, and what must not become of it on the disk.

use std::fs;
use std::io;
use std::path::Path;

use crate::hostile::behaviour::{Behaviour, Expect, kept};
use crate::hostile::script::{HTML, Script};
use crate::hostile::server::{Asked, Door};

pub(super) fn all() -> Vec<Behaviour> {
    let mut all = paths();
    all.extend(planted());
    all
}

/// Pages at these paths, each of which is kept with its own content.
fn at(name: &'static str, says: &'static str, paths: &[&str]) -> Behaviour {
    paths
        .iter()
        .fold(Behaviour::new(name, says), |behaviour, path| {
            let content = format!("at {path}");
            behaviour.link(
                path,
                Script::ok("content-type: text/plain\r\n", &content),
                kept(content),
            )
        })
}

fn paths() -> Vec<Behaviour> {
    let long = |length: usize| format!("/{}", "n".repeat(length));
    let folders = "/f".repeat(2_000);
    vec![
        at("dots-escaped", "paths of escaped dots and slashes", &["/%2e%2e%2f%2e%2e%2fescaped", "/a/..%2f..%2fescaped", "/..%252f..%252fescaped"]),
        Behaviour::new("dots", "paths of dots that the URL's rules remove")
            .markup("<a href='/../../../../etc/escaped'>x</a><a href='/a/%2e%2e/%2E./dotted'>x</a>")
            .hidden("/etc/escaped", Script::page("not escaped"), kept("not escaped"))
            .hidden("/dotted", Script::page("dotted"), kept("dotted")),
        at("backslashes", "paths of escaped backslashes", &["/..%5c..%5cescaped", "/a%5c..%5cb", "/C:%5cescaped", "/%5c%5chost%5cshare"]),
        at("devices", "names that are devices elsewhere", &["/con", "/CON.txt", "/aux/x", "/nul.html", "/com1", "/LPT1.css", "/conin$"]),
        at("drive", "names with colons", &["/C:/escaped", "/a:b", "/file::$DATA"]),
        at("ends", "names that end with dots and blanks", &["/end.", "/end..", "/end%20", "/end", "/%20", "/.%20"]),
        at("hidden-names", "names that begin with a dot", &["/.bashrc", "/.ssh/authorized_keys", "/.git/config", "/..x", "/...", "/-rf"]),
        at("own-names", "names of the crawl's own files", &["/.dragline/journal.db", "/.dragline/lock", "/.dragline", "/.dragline/archive/dragline-00000.warc.gz", "/.DRAGLINE/lock"]),
        at("case", "names that differ in case only", &["/case", "/Case", "/CASE", "/case/x", "/CASE/X"]),
        at("normal-forms", "names that differ in how an \u{e4} is written", &["/%C3%A4", "/a%CC%88", "/%E4"]),
        at("file-and-folder", "a name that is a file and a folder", &["/f", "/f/", "/f/x", "/f/x/", "/f/x/y", "/f/index.html"]),
        at("folder-and-file", "a name that is a folder and a file", &["/g/x/y", "/g/x/", "/g/x", "/g/", "/g"]),
        at("control-names", "names with escaped controls", &["/%00", "/a%0ab", "/a%0d%0aX-Injected:%201", "/%1b[2J", "/%7f", "/%E2%80%AE"]),
        at("queries", "names of queries", &["/q?", "/q?a=../../b", "/q?a=%2f", "/q?<>:%22|*", "/q?a=b&c=d", "/q??", "/q?a%00b"]),
        at("signs", "names of signs that shells and systems give meaning", &["/*", "/%3F", "/a|b", "/$(id)", "/`id`", "/%22", "/~", "/a;b", "/%25", "/%23"]),
        at("long-name", "names of 200 to 5 000 bytes", &[&long(200), &long(255), &long(256), &long(1_000), &long(5_000), &format!("{}.html", long(300))]),
        at("long-names-alike", "names of 600 bytes that differ at the end", &[&format!("{}a", long(600)), &format!("{}b", long(600)), &format!("{}c.html", long(600))]),
        at("long-utf-8", "a name of 300 characters of three bytes", &[&format!("/{}", "%E2%82%AC".repeat(300))]),
        at("deep-path", "a path of 2 000 folders", &[&folders]),
        Behaviour::new("long-url", "a URL of 60 KiB").link(&long(60 << 10), Script::page("long"), Expect::Any).exits(&[0, 4, 8]).long_heads(),
        at("double-slashes", "empty names between slashes", &["//x", "/a//b", "/a/b//", "//"]),
        Behaviour::new("disposition", "attachments that name their own file")
            .link("/one", attachment("attachment; filename=\"../../escaped\""), kept("attached"))
            .link("/two", attachment("attachment; filename=/etc/cron.d/escaped"), kept("attached"))
            .link("/three", attachment("attachment; filename*=UTF-8''..%2f..%2fescaped"), kept("attached"))
            .link("/four", attachment("attachment; filename=\".bashrc\""), kept("attached"))
            .link("/five", attachment("attachment; filename=\"\u{1b}[2J\""), Expect::Any),
        Behaviour::new("rejected", "a page whose name is rejected, and which leads on: it is searched, and nowhere kept")
            .flags("--reject rejected.html")
            .link("/rejected.html", Script::page("<a href=/behind>rejected</a>"), Expect::Silent)
            .hidden("/behind", Script::page("behind it"), kept("behind it")),
        Behaviour::new("download-names", "links that name the file to be downloaded")
            .markup("<a href=/dl download='../../escaped'>x</a><a href=/dm download='/etc/passwd'>x</a>")
            .hidden("/dl", Script::page("downloaded"), kept("downloaded"))
            .hidden("/dm", Script::page("this too"), kept("this too")),
        Behaviour::new("lines-in-links", "links with line ends, raw and escaped, that would split a request")
            .markup("<a href='/r%0d%0aX-Injected:%201'>x</a><a href='/s\r\nX-Injected: 1'>x</a><a href='/t HTTP/1.1\r\nX-Injected: 1\r\n\r\n'>x</a>")
            .hidden("/r**", Script::page("r"), kept("r"))
            .hidden("/s**", Script::page("s"), kept("s"))
            .hidden("/t**", Script::page("t"), kept("t")),
        Behaviour::new("redirect-names", "a redirect to a hidden file: the name is not the link's")
            .link("/photo.jpg", Script::redirect("/.wgetrc"), Expect::Silent)
            .hidden("/.wgetrc", Script::ok("content-type: text/plain\r\n", "output_document = escaped"), kept("output_document = escaped")),
        Behaviour::new("host-names", "hosts that are called like folders")
            .server("other", Door::Plain)
            .named("con.test.")
            .seed("/", Script::page("a dot at the end"), kept("a dot at the end")),
    ]
}

fn attachment(disposition: &str) -> Script {
    Script::ok(
        &format!("content-disposition: {disposition}\r\n"),
        "attached",
    )
}

/// What somebody put into the folder before: the crawl may refuse to write there, and says so, or puts its own in its place.
fn planted() -> Vec<Behaviour> {
    let target = |name, says, plant| {
        Behaviour::new(name, says)
            .plant(plant)
            .link("/target", Script::ok(HTML, "the target"), Expect::Any)
            .link(
                "/folder/file",
                |_: &Asked<'_>| Script::ok(HTML, "in the folder"),
                Expect::Any,
            )
            .exits(&[0, 3])
    };
    vec![
        target(
            "symlink-to-file",
            "a symbolic link to a file outside is where a page goes",
            |copy, outside| {
                for name in ["target", "target.html", "target/index.html"] {
                    link(&outside.join("secret"), &copy.join(name))?;
                }
                Ok(())
            },
        ),
        target(
            "symlink-to-folder",
            "a symbolic link to a folder outside is where a folder goes",
            |copy, outside| link(&outside.join("folder"), &copy.join("folder")),
        ),
        target(
            "symlink-to-nothing",
            "a symbolic link to a file that could be made outside",
            |copy, outside| {
                link(&outside.join("created"), &copy.join("target.html"))?;
                link(&outside.join("created"), &copy.join("target"))
            },
        ),
        target(
            "hard-link",
            "a hard link to a file outside is where a page goes",
            |copy, outside| fs::hard_link(outside.join("secret"), copy.join("target.html")),
        ),
        target(
            "fifo",
            "a FIFO is where a page goes, and nobody reads it",
            |copy, _| {
                for name in ["target", "target.html"] {
                    nix::unistd::mkfifo(&copy.join(name), nix::sys::stat::Mode::S_IRWXU)?;
                }
                Ok(())
            },
        ),
        target(
            "folder-for-file",
            "a folder with a file is where a page goes",
            |copy, _| {
                fs::create_dir_all(copy.join("target.html/mine"))?;
                fs::create_dir_all(copy.join("target/mine"))
            },
        ),
        target(
            "file-for-folder",
            "a file is where a folder goes",
            |copy, _| fs::write(copy.join("folder"), "mine"),
        ),
    ]
}

fn link(to: &Path, at: &Path) -> io::Result<()> {
    match at.parent() {
        Some(parent) if parent.is_dir() => std::os::unix::fs::symlink(to, at),
        _ => Ok(()),
    }
}
