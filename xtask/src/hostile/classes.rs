//! The classes of vulnerabilities that programs of this kind had, and what asks for each of them here.

/// A class, and what asks for it: behaviours of this suite, and tests by the names of their functions.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// Where it was seen, among others.
    pub(crate) seen: &'static str,
    pub(crate) behaviours: &'static [&'static str],
    pub(crate) tests: &'static [&'static str],
}

pub(crate) const CLASSES: &[Class] = &[
    Class {
        name: "Path escape by `..`, `%2e%2e%2f`, `%5c`",
        seen: "CVE-2002-1344, CVE-2010-1512, CVE-2025-69194",
        behaviours: &["dots", "dots-escaped", "backslashes", "drive", "queries"],
        tests: &["nothing_is_written_outside_the_folder"],
    },
    Class {
        name: "Names that a header or a link gives (`Content-Disposition`, `download`)",
        seen: "CVE-2016-0754, CVE-2020-8177",
        behaviours: &["disposition", "download-names"],
        tests: &[],
    },
    Class {
        name: "Names of what a redirect leads to, and hidden files",
        seen: "CVE-2010-2252, CVE-2016-4971",
        behaviours: &["redirect-names", "hidden-names", "own-names"],
        tests: &[],
    },
    Class {
        name: "Planted symbolic links",
        seen: "CVE-2004-2014, CVE-2014-4877",
        behaviours: &[
            "symlink-to-file",
            "symlink-to-folder",
            "symlink-to-nothing",
            "hard-link",
            "state-is-a-link",
        ],
        tests: &[
            "a_planted_link_is_not_written_through",
            "planted_links_are_not_followed",
        ],
    },
    Class {
        name: "Rejected files left behind",
        seen: "CVE-2016-7098",
        behaviours: &["rejected"],
        tests: &["what_is_not_accepted_is_searched_for_links_and_not_kept"],
    },
    Class {
        name: "A good copy destroyed by a failed update",
        seen: "CVE-2022-27778, HTTrack 521",
        behaviours: &["archive-full", "quota"],
        tests: &["a_bad_answer_destroys_no_good_file_and_nothing_is_purged"],
    },
    Class {
        name: "Long and recoded names",
        seen: "CVE-2008-3429, CVE-2025-69195",
        behaviours: &[
            "long-name",
            "long-names-alike",
            "long-utf-8",
            "long-url",
            "deep-path",
            "case",
            "normal-forms",
        ],
        tests: &["no_two_urls_share_a_path"],
    },
    Class {
        name: "Credentials and cookies to another origin, in `Referer`, errors, logs",
        seen: "CVE-2018-1000007, CVE-2021-31879, CVE-2022-27774, CVE-2024-11053",
        behaviours: &["credentials"],
        tests: &[
            "nothing_secret_crosses_to_another_origin",
            "nothing_secret_is_shown",
            "another_origin_learns_the_origin_alone",
        ],
    },
    Class {
        name: "Cookies for whole suffixes, without end, with controls",
        seen: "CVE-2023-46218, CVE-2022-32205, CVE-2022-35252",
        behaviours: &[
            "cookie-flood",
            "cookie-giant",
            "cookie-odd",
            "cookie-wall-for-ever",
        ],
        tests: &[
            "nobody_sets_a_cookie_for_a_public_suffix",
            "a_flood_is_bounded",
            "control_characters_are_refused",
        ],
    },
    Class {
        name: "Hosts that are read in two ways (user names, `\\@`)",
        seen: "CVE-2024-38428, CVE-2016-8624",
        behaviours: &["userinfo"],
        tests: &["a_host_is_private_however_it_is_written"],
    },
    Class {
        name: "Other schemes by links and redirects",
        seen: "CVE-2024-10524, HTTrack's file:",
        behaviours: &[
            "to-file",
            "to-ftp",
            "to-data",
            "to-javascript",
            "to-schemes-by-links",
        ],
        tests: &["redirects_that_lead_nowhere_fail_and_end"],
    },
    Class {
        name: "Requests to private addresses, and names that turn into them",
        seen: "CVE-2025-28197, CVE-2026-56266",
        behaviours: &["to-private-address", "private-address"],
        tests: &[
            "a_name_that_turns_private_is_refused",
            "nothing_is_sent_to_a_private_address",
            "a_private_address_is_not_asked_of_a_proxy",
        ],
    },
    Class {
        name: "Line ends in URLs that split requests",
        seen: "CVE-2017-6508, CVE-2012-0036",
        behaviours: &["lines-in-links", "location-splits", "control-names"],
        tests: &[],
    },
    Class {
        name: "What steers a terminal, in names, headers, reasons, titles",
        seen: "CVE-2004-1488, HTTrack 1070",
        behaviours: &[
            "escape-in-head",
            "escape-in-reason",
            "title-that-steers",
            "control-names",
        ],
        tests: &[
            "no_control_character_passes",
            "what_acts_on_a_terminal_is_escaped",
            "what_a_certificate_says_is_escaped",
        ],
    },
    Class {
        name: "Sizes of chunks, lengths and ranges that overflow",
        seen: "CVE-2017-13089, CVE-2019-5953",
        behaviours: &[
            "chunk-overflow",
            "chunk-2-63",
            "chunk-below-zero",
            "length-2-63",
            "length-2-64",
            "length-below-zero",
            "range-lies",
        ],
        tests: &[
            "chunks_that_make_no_sense_are_incomplete",
            "the_result_is_that_of_a_fresh_fetch_or_an_error",
        ],
    },
    Class {
        name: "Answers for another request (smuggling)",
        seen: "CVE-2005-2088",
        behaviours: &[
            "length-and-chunks",
            "chunked-twice",
            "two-answers",
            "answers-unasked",
            "long-body",
            "no-content-with-body",
        ],
        tests: &["only_chunked_is_a_transfer_coding_and_doubt_ends_the_connection"],
    },
    Class {
        name: "Floods of fields, interim answers, codings",
        seen: "CVE-2023-38039, CVE-2023-23916, CVE-2024-2398",
        behaviours: &[
            "endless-fields",
            "two-million-fields",
            "endless-1xx",
            "endless-slow-1xx",
            "thirty-layers",
            "trailers",
            "chunk-extensions",
        ],
        tests: &["long_heads_are_accepted_and_longer_ones_refused"],
    },
    Class {
        name: "Decompression bombs",
        seen: "CVE-2025-0725, CVE-2024-3572, CVE-2025-6176",
        behaviours: &[
            "gzip-bomb",
            "deflate-bomb",
            "brotli-bomb",
            "zstd-bomb",
            "zstd-window",
            "gzip-members",
        ],
        tests: &["a_sitemap_that_is_a_bomb_is_unpacked_as_far_as_it_is_searched"],
    },
    Class {
        name: "Parsers and patterns of quadratic time",
        seen: "CVE-2024-1892, RUSTSEC-2022-0013",
        behaviours: &[
            "nested",
            "nested-lists",
            "many-attributes",
            "almost-tags",
            "almost-comments",
            "nested-functions",
            "url-without-end",
        ],
        tests: &[
            "many_wildcards_take_no_more_than_linear_time",
            "a_tag_of_many_attributes_costs_no_more_than_its_length",
        ],
    },
    Class {
        name: "Certificates that are not good",
        seen: "CVE-2009-3490, CVE-2023-28321",
        behaviours: &[
            "expired",
            "not-yet-valid",
            "self-signed",
            "wrong-host",
            "nul-in-name",
            "wildcard-address",
            "downgrade",
        ],
        tests: &[
            "what_is_wrong_with_a_certificate_is_said",
            "a_certificate_that_signs_itself_is_refused",
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::CLASSES;
    use crate::cargo;
    use crate::hostile::behaviours;

    #[test]
    fn what_asks_for_a_class_is_there() {
        let behaviours: Vec<_> = behaviours::all().iter().map(|(_, it)| it.name).collect();
        let mut sources = String::new();
        let mut folders = vec![cargo::root().join("crates")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|it| it == "rs") {
                    sources += &fs::read_to_string(path).unwrap();
                }
            }
        }
        for class in CLASSES {
            assert!(!(class.behaviours.is_empty() && class.tests.is_empty()));
            for behaviour in class.behaviours {
                assert!(
                    behaviours.contains(behaviour),
                    "{}: {behaviour}",
                    class.name
                );
            }
            for test in class.tests {
                let function = format!("fn {test}(");
                assert!(sources.contains(&function), "{}: {test}", class.name);
            }
        }
    }
}
