//! The ways, a file a group of them.

mod charsets;
mod discovery;
mod frames;
mod images;
mod links;
mod media;
mod names;
mod redirects;
mod rels;
mod scripts;
mod styles;
mod types;

use super::case::Case;

/// Returns all cases, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    [
        links::cases(),
        redirects::cases(),
        discovery::cases(),
        frames::cases(),
        images::cases(),
        media::cases(),
        rels::cases(),
        styles::cases(),
        scripts::cases(),
        charsets::cases(),
        types::cases(),
        names::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
