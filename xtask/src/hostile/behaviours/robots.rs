//! Robots and sitemaps: what says where one may go, and says it badly.

use super::bodies::gzip;
use crate::hostile::behaviour::{Behaviour, Expect, LIMIT_REACHED, breaks, kept};
use crate::hostile::script::{FOR_EVER, Script};
use crate::hostile::server::{Asked, Door};

pub(super) fn all() -> Vec<Behaviour> {
    let mut all = robots();
    all.extend(sitemaps());
    all
}

/// A second site with these robots, and whether it may be crawled by them. Of two of its pages one is below `/private`.
fn site(name: &'static str, says: &'static str, robots: Script, allows: Allows) -> Behaviour {
    let page = |allowed| {
        if allowed {
            kept("a page")
        } else {
            Expect::Unasked
        }
    };
    let private = |allowed| {
        if allowed {
            kept("private")
        } else {
            Expect::Unasked
        }
    };
    let behaviour = Behaviour::new(name, says)
        .server("other", Door::Plain)
        .link(
            "/private/page",
            Script::page("private"),
            private(allows == Allows::All),
        )
        .link(
            "/page",
            Script::page("a page"),
            page(allows != Allows::None),
        )
        .hidden("/robots.txt", robots, Expect::Silent);
    match allows {
        // Who may go nowhere has not been told so: that is for the one who asked to be told.
        Allows::None => behaviour
            .seed("/seed", Script::page("a seed"), breaks("robots.txt"))
            .check(|seen| {
                if seen.asked("other", |log| log.targets.contains_key("/seed")) {
                    return Err("the seed was asked for".to_owned());
                }
                Ok(())
            }),
        _ => behaviour.seed("/seed", Script::page("a seed"), kept("a seed")),
    }
}

/// Where robots may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allows {
    All,
    /// Not below `/private`.
    Some,
    None,
}

fn robots() -> Vec<Behaviour> {
    let rules = "User-agent: *\nDisallow: /private\n";
    let text = |content: &[u8]| Script::ok("content-type: text/plain\r\n", content);
    let long = |end: &str| format!("{}{end}", "# a comment of no use\n".repeat(30_000));
    let wild = format!("User-agent: *\nDisallow: /{}$\n{rules}", "*a".repeat(5_000));
    let many: String = (0..20_000)
        .map(|it| format!("Disallow: /x{it}*y*z$\n"))
        .collect();
    vec![
        site(
            "robots",
            "rules as they should be",
            text(rules.as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-404",
            "no robots.txt",
            Script::status("404 Not Found", "", rules),
            Allows::All,
        ),
        site(
            "robots-403",
            "a robots.txt that nobody may read",
            Script::status("403 Forbidden", "", rules),
            Allows::All,
        ),
        site(
            "robots-500",
            "a server that fails when asked for robots.txt",
            Script::status("500 Broken", "", ""),
            Allows::None,
        ),
        site(
            "robots-cut",
            "a robots.txt that is cut short",
            Script::send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nUser-agent: *\n"),
            Allows::None,
        ),
        site(
            "robots-silent",
            "a robots.txt that never comes",
            Script::default().stall(),
            Allows::None,
        )
        .within(40),
        site(
            "robots-endless",
            "a robots.txt without end",
            Script::send(format!("HTTP/1.1 200 OK\r\n\r\n{rules}"))
                .repeat("# on and on\n", FOR_EVER),
            Allows::Some,
        ),
        site(
            "robots-after-600k",
            "rules after 600 KiB are not read (RFC 9309)",
            text(long(rules).as_bytes()),
            Allows::All,
        ),
        site(
            "robots-before-600k",
            "rules before 600 KiB are read",
            text(format!("{rules}{}", long("")).as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-with-mark",
            "a byte order mark before the rules",
            text(format!("\u{feff}{rules}").as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-cr",
            "lines that end with carriage returns alone",
            text(rules.replace('\n', "\r").as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-nul",
            "NULs in the rules",
            text(format!("\0\0\n{rules}\0").as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-wildcards",
            "a rule of 5 000 wildcards",
            text(wild.as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-many-rules",
            "20 000 rules with wildcards",
            text(format!("{rules}{many}").as_bytes()),
            Allows::Some,
        ),
        site(
            "robots-html",
            "a page where robots.txt should be",
            Script::page("<!DOCTYPE html><title>welcome</title><p>Disallow: nothing"),
            Allows::All,
        ),
        site(
            "robots-packed",
            "rules packed by gzip",
            Script::ok("content-encoding: gzip\r\n", gzip(rules.as_bytes())),
            Allows::Some,
        ),
        site(
            "robots-redirect",
            "robots.txt is elsewhere",
            Script::redirect("/private/robots"),
            Allows::Some,
        )
        .hidden("/private/robots", text(rules.as_bytes()), Expect::Silent),
        site(
            "robots-loop",
            "robots.txt redirects to itself",
            Script::redirect("/robots.txt"),
            Allows::All,
        ),
        site(
            "robots-to-file",
            "robots.txt redirects to a file of this machine",
            Script::redirect("file:///etc/passwd"),
            Allows::All,
        ),
        Behaviour::new(
            "robots-delay",
            "a delay of a year between requests: the other hosts go on",
        )
        .flags("--max-time 6")
        .server("other", Door::Plain)
        .seed(
            "/seed",
            Script::page("<a href=next>next</a>"),
            Expect::Holds("next"),
        )
        .hidden("/next", Script::page("the next"), Expect::Unasked)
        .hidden(
            "/robots.txt",
            text(b"User-agent: *\nCrawl-delay: 31536000\n"),
            Expect::Silent,
        )
        .exits(&[LIMIT_REACHED]),
        site(
            "robots-latin",
            "rules in an encoding that is none",
            text(b"User-agent: *\nDisallow: /\xe4\xff\nDisallow: /private\n"),
            Allows::Some,
        ),
        Behaviour::new(
            "robots-of-the-good",
            "robots that forbid what is beside the good pages",
        )
        .link("/trap/1", Script::page("trap"), Expect::Unasked)
        .hidden(
            "/robots.txt",
            text(b"User-agent: *\nDisallow: /trap\n"),
            Expect::Silent,
        ),
        Behaviour::new(
            "robots-off",
            "robots that forbid all, and nobody wants to know",
        )
        .flags("-e robots=off")
        .link("/trap", Script::page("no trap"), kept("no trap"))
        .hidden(
            "/robots.txt",
            text(b"User-agent: *\nDisallow: /\n"),
            Expect::Silent,
        ),
    ]
}

fn sitemaps() -> Vec<Behaviour> {
    let xml = |content: &[u8]| Script::ok("content-type: application/xml\r\n", content);
    let names = |file: &str| format!("User-agent: *\nSitemap: URL/{file}\n");
    let sitemap = |name, says, file: &'static str, answer: Script| {
        Behaviour::new(name, says)
            .hidden(
                "/robots.txt",
                move |asked: &Asked<'_>| {
                    let text = names(file).replace("URL", &asked.urls.at("good", ""));
                    Script::ok("content-type: text/plain\r\n", text)
                },
                Expect::Silent,
            )
            .hidden(&format!("/{file}"), answer, Expect::Any)
            .within(30)
    };
    let bomb = {
        let start = b"<urlset><url><loc>".to_vec();
        Script::send("HTTP/1.1 200 OK\r\ncontent-type: application/gzip\r\n\r\n")
            .and(gzip(&[start, vec![b' '; 64 << 20]].concat()))
    };
    let laughs: String = (1..10)
        .map(|it| {
            format!(
                "<!ENTITY l{it} \"{}\">",
                format!("&l{};", it - 1).repeat(10)
            )
        })
        .collect();
    vec![
        sitemap("sitemap-bomb", "a sitemap of 64 MiB packed by gzip", "map.xml.gz", bomb),
        sitemap("sitemap-laughs", "a sitemap with a billion laughs", "map.xml", xml(
            format!("<!DOCTYPE x [<!ENTITY l0 \"lol\">{laughs}]><urlset><url><loc>&l9;</loc></url></urlset>").as_bytes()))
            .hidden("/&l9;", Script::page("no laughs"), Expect::Any),
        sitemap("sitemap-file", "a sitemap with an entity from a file of this machine", "map.xml", xml(
            b"<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><urlset><url><loc>http://127.0.0.1/&f;</loc></url></urlset>"))
            .check(|seen| seen.nowhere("root:")),
        sitemap("sitemap-deep", "a sitemap of 300 000 elements in each other", "map.xml", xml("<urlset><url>".repeat(150_000).as_bytes())),
        sitemap("sitemap-attributes", "a sitemap with an element of 300 000 attributes", "map.xml", xml(
            format!("<urlset{}><url><loc>x</loc></url></urlset>", (0..300_000).map(|it| format!(" a{it}=''")).collect::<String>()).as_bytes()))
            .hidden("/x", Script::page("x"), Expect::Any),
        sitemap("sitemap-schemes", "a sitemap of URLs that nobody fetches", "map.xml", xml(
            b"<urlset><url><loc>file:///etc/passwd</loc></url><url><loc>ftp://127.0.0.1/</loc></url><url><loc>javascript:x</loc></url></urlset>"))
            .check(|seen| seen.nowhere("root:")),
        of_itself(),
        sitemap("sitemap-cut", "a sitemap that ends in the middle", "map.xml", Script::send("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n<urlset><url><loc>")),
        sitemap("sitemap-many", "a sitemap of 100 000 URLs that are no site of ours", "map.xml", xml(
            format!("<urlset>{}</urlset>", (0..100_000).map(|it| format!("<url><loc>http://127.0.0.1:1/{it}</loc></url>")).collect::<String>()).as_bytes())),
        indexes(),
    ]
}

fn of_itself() -> Behaviour {
    let index = |asked: &Asked<'_>| {
        let url = asked.urls.at("good", "/map.xml");
        let index = format!("<sitemapindex><sitemap><loc>{url}</loc></sitemap></sitemapindex>");
        Script::ok("content-type: application/xml\r\n", index)
    };
    Behaviour::new("sitemap-of-itself", "a sitemap index that names itself")
        .hidden(
            "/robots.txt",
            |asked: &Asked<'_>| {
                Script::ok(
                    "",
                    format!("Sitemap: {}\n", asked.urls.at("good", "/map.xml")),
                )
            },
            Expect::Silent,
        )
        .hidden("/map.xml", index, Expect::Any)
        .bounded()
}

/// An index of sitemaps whose sitemaps are indexes, for ever.
fn indexes() -> Behaviour {
    let index = |asked: &Asked<'_>| {
        let all: String = (0..3)
            .map(|it| {
                let url = asked.urls.at("good", &format!("{}{it}", asked.target));
                format!("<sitemap><loc>{url}</loc></sitemap>")
            })
            .collect();
        Script::ok(
            "content-type: application/xml\r\n",
            format!("<sitemapindex>{all}</sitemapindex>"),
        )
    };
    Behaviour::new(
        "sitemap-indexes",
        "sitemap indexes in each other without end",
    )
    .hidden(
        "/robots.txt",
        |asked: &Asked<'_>| Script::ok("", format!("Sitemap: {}\n", asked.urls.at("good", "/map"))),
        Expect::Silent,
    )
    .hidden("/map**", index, Expect::Any)
    .bounded()
}
