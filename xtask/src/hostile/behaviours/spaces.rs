//! Infinite spaces: sites that have always one page more.

use crate::hostile::behaviour::{Behaviour, Expect};
use crate::hostile::script::{HTML, Script};
use crate::hostile::server::{Asked, Door};
use crate::torture::random::Random;

pub(super) fn all() -> Vec<Behaviour> {
    vec![
        endless(
            "calendar",
            "a calendar: a page a month, each with the next and the one before",
            "/cal/2026/11",
            |target| {
                let mut parts = target
                    .split('/')
                    .skip(2)
                    .filter_map(|it| it.parse::<u32>().ok());
                let (year, month) = (parts.next().unwrap_or(2026), parts.next().unwrap_or(1));
                let next = if month >= 12 {
                    (year + 1, 1)
                } else {
                    (year, month + 1)
                };
                let before = if month <= 1 {
                    (year - 1, 12)
                } else {
                    (year, month - 1)
                };
                format!(
                    "{}{}",
                    link(&format!("/cal/{}/{}", next.0, next.1)),
                    link(&format!("/cal/{}/{}", before.0, before.1))
                )
            },
        ),
        endless(
            "calendar-by-query",
            "a calendar by query",
            "/cal?y=2026&m=1",
            |target| {
                let month = number(target);
                format!(
                    "{}{}",
                    link(&format!("/cal?y={}&m={}", 2026 + month / 12, month + 1)),
                    link(&format!("/cal?view=day&y=2026&m={}", month + 1))
                )
            },
        ),
        endless(
            "session-in-query",
            "a new session in every link, for the same three pages",
            "/s?sid=0",
            |target| {
                let sid = session(target);
                (0..3)
                    .map(|it| link(&format!("/s?page={it}&sid={sid}")))
                    .collect()
            },
        ),
        endless(
            "session-in-path",
            "a new session in every link's path",
            "/s/0",
            |target| {
                let sid = session(target);
                (0..3)
                    .map(|it| link(&format!("/s/{sid}/page{it}")))
                    .collect()
            },
        ),
        endless(
            "repeating-path",
            "a relative link that makes /a/a/a/a",
            "/a/",
            |_| "<a href='a/'>a</a><a href='b/'>b</a>".to_owned(),
        ),
        endless(
            "growing-path",
            "a link without its first slash: the path grows by each",
            "/more/x",
            |_| "<a href='more/x'>x</a><a href='more/y'>y</a>".to_owned(),
        ),
        endless(
            "orders-of-a-query",
            "the same five filters in every order and choice",
            "/f?a=1",
            |target| {
                let have: Vec<&str> = target.split(['?', '&']).skip(1).collect();
                let more = ["a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1"].into_iter();
                more.filter(|it| !have.contains(it))
                    .map(|it| link(&format!("{target}&{it}")))
                    .collect()
            },
        ),
        endless(
            "deeper",
            "a folder with two folders in it, each with two in it",
            "/deep/",
            |target| {
                format!(
                    "{}{}",
                    link(&format!("{target}{}/", target.len() % 7)),
                    link(&format!("{target}{}x/", target.len() % 5))
                )
            },
        ),
        endless(
            "soft-404",
            "every URL is a page, and has ten links to others",
            "/soft/0",
            |target| {
                let mut random = Random::of(404, hash(target));
                (0..10)
                    .map(|_| link(&format!("/soft/{:x}", random.next() >> 40)))
                    .collect()
            },
        ),
        endless(
            "words",
            "pages of words, each with links to ten others of made-up words",
            "/w/start",
            |target| {
                let mut random = Random::of(5, hash(target));
                (0..10)
                    .map(|_| {
                        link(&format!(
                            "/w/{}-{}-{}",
                            word(&mut random),
                            word(&mut random),
                            word(&mut random)
                        ))
                    })
                    .collect()
            },
        ),
        endless(
            "paginated",
            "a list without end, a hundred to a page",
            "/list?page=1",
            |target| {
                let page = number(target);
                (page..page + 3)
                    .map(|it| link(&format!("/list?page={it}")))
                    .collect()
            },
        ),
        endless(
            "endless-images",
            "each page needs three images, and no image is the same",
            "/i/0",
            |target| {
                let page = number(target);
                format!(
                    "<img src=/i/{page}a.png><img src=/i/{page}b.png><a href=/i/{}>next</a>",
                    page + 1
                )
            },
        ),
        endless(
            "redirects-to-new",
            "each page redirects to one that is new, with a link back",
            "/r/0",
            |target| format!("<a href='/r/{}'>x</a>", number(target) + 1),
        ),
        endless(
            "host-in-path",
            "links without a scheme: the host's name becomes a folder",
            "/x/",
            |_| "<a href='www.example.org/x/'>x</a>".to_owned(),
        ),
        endless(
            "percent-again",
            "each link is escaped once more",
            "/p/%2525",
            |target| link(&target.replace("%25", "%2525")),
        ),
        styles(),
        million_links(),
        Behaviour::new("many-links-to-one", "a page with 300 000 links to one")
            .link(
                "/many",
                |_: &Asked<'_>| Script::page("<a href=/target>x</a>".repeat(300_000)),
                Expect::Holds("<a href="),
            )
            .hidden(
                "/target",
                Script::page("the target"),
                Expect::Holds("the target"),
            ),
        Behaviour::new(
            "wildcard-hosts",
            "links to hosts without end below one name",
        )
        .server("wild", Door::Plain)
        .named("wild.test")
        .seed(
            "/",
            |asked: &Asked<'_>| {
                let url = asked.urls.at("wild", "/");
                let links =
                    (0..200).map(|it| link(&url.replace("wild.test", &format!("h{it}.wild.test"))));
                Script::page(links.collect::<String>())
            },
            Expect::Silent,
        )
        .bounded(),
        endless(
            "fragments",
            "a thousand fragments of one page",
            "/one",
            |_| {
                (0..1000)
                    .map(|it| format!("<a href='/one#{it}'>x</a>"))
                    .collect()
            },
        ),
        endless(
            "matrix",
            "parameters in the path that are always others",
            "/m;v=0/x",
            |target| {
                let sid = session(target);
                (0..3).map(|it| link(&format!("/m;v={sid}/{it}"))).collect()
            },
        ),
        endless(
            "sorted",
            "a table to be sorted by eight columns, up and down, by page",
            "/t?page=1",
            |target| {
                let page = number(target);
                let sorted =
                    |column| link(&format!("/t?sort={column}&dir={}&page={page}", page % 2));
                let pages = (1..4).map(|it| link(&format!("{target}&page={}", page + it)));
                (0..8).map(sorted).chain(pages).collect()
            },
        ),
    ]
}

/// A space that a link of the first page leads into.
fn endless(
    name: &'static str,
    says: &'static str,
    way_in: &'static str,
    links: fn(&str) -> String,
) -> Behaviour {
    let page = move |asked: &Asked<'_>| {
        let target = asked.target;
        Script::page(format!(
            "<!DOCTYPE html><title>{target}</title><p>{target}</p>{}",
            links(target)
        ))
    };
    let end = way_in[1..].find(|it: char| !it.is_ascii_lowercase());
    let root = format!("{}**", &way_in[..=end.unwrap_or(way_in.len() - 1)]);
    Behaviour::new(name, says)
        .markup(format!("<a href=\"{way_in}\">x</a>"))
        .hidden(&root, page, Expect::Any)
        .bounded()
        .check(move |seen| {
            let is_named = seen.said.lines().any(|it| it.starts_with("note: a trap"));
            // One page is no trap.
            if is_named || name == "fragments" {
                return Ok(());
            }
            Err("the trap is not named".to_owned())
        })
}

fn styles() -> Behaviour {
    Behaviour::new(
        "endless-imports",
        "a style sheet that imports the next, for ever",
    )
    .markup("<link rel=stylesheet href=/css/0.css>")
    .hidden(
        "/css/**",
        |asked: &Asked<'_>| {
            let css = format!("@import '/css/{}.css';", number(asked.target) + 1);
            Script::ok("content-type: text/css\r\n", css)
        },
        Expect::Any,
    )
    .bounded()
}

fn million_links() -> Behaviour {
    let page = |_: &Asked<'_>| {
        let links: String = (0..300_000).map(|it| format!("<a href=/x/{it}>")).collect();
        Script::page(links)
    };
    Behaviour::new(
        "hundreds-of-thousands-of-links",
        "a page with 300 000 links, each to another page",
    )
    .markup("<a href=/many>x</a>")
    .hidden("/many", page, Expect::Any)
    .hidden("/x/**", Script::ok(HTML, "one of many"), Expect::Any)
    .bounded()
    .within(40)
}

fn link(to: &str) -> String {
    format!("<a href=\"{}\">x</a>\n", to.replace('&', "&amp;"))
}

/// The last number in a target.
fn number(target: &str) -> u32 {
    let digits: String = target
        .chars()
        .rev()
        .skip_while(|it| !it.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits
        .chars()
        .rev()
        .collect::<String>()
        .parse()
        .unwrap_or(0)
        % 1_000_000
}

/// A session that nobody had before: one of the target's own.
fn session(target: &str) -> String {
    format!("{:016x}", Random::of(7, hash(target)).next())
}

fn word(random: &mut Random) -> String {
    let syllables = ["ka", "lo", "mi", "ru", "se", "ta", "no", "vi"];
    (0..3)
        .map(|_| syllables[random.below(syllables.len())])
        .collect()
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
