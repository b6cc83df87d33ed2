//! robots.txt bytes in, allow, disallow and delay out (RFC 9309).
//!
//! For a crawler that has fetched a `/robots.txt` and wants to know what it may ask for. It fetches
//! nothing, keeps no time, and never fails: what is no rule is passed over.
//!
//! ```
//! use std::time::Duration;
//! use dragline_robots::Robots;
//!
//! let robots = Robots::parse(
//!     b"User-agent: *\nDisallow: /private/\nAllow: /private/*.html$\nCrawl-delay: 2\n\
//!       Sitemap: https://example.org/sitemap.xml\n",
//! );
//! let rules = robots.rules("dragline");
//! assert!(rules.allows("/"));
//! assert!(!rules.allows("/private/notes?page=2"));
//! assert!(rules.allows("/private/index.html"));
//! assert_eq!(rules.crawl_delay(), Some(Duration::from_secs(2)));
//! assert_eq!(robots.sitemaps(), ["https://example.org/sitemap.xml"]);
//! ```
//!
//! # Guarantees
//!
//! - The longest rule that matches counts, and of two so long the one that allows (§2.2.2).
//! - The first [`MOST_BYTES`] count. A line that is cut there does not: half a rule would be another.
//! - Reading is linear in the file; a question is linear in the rules and the path, whatever
//!   wildcards there are.
//!
//! What an answer's status means is for who fetched it to say: a 4xx allows all
//! ([`Rules::default`]), what is not reached allows nothing (§2.3.1).
#![forbid(unsafe_code)]

mod lines;
mod pattern;
mod robots;
mod rules;

pub use robots::{MOST_BYTES, Robots, product_token};
pub use rules::Rules;
