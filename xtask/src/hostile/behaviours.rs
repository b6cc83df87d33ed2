//! The behaviours, a file a group.

#![expect(clippy::too_many_lines, reason = "tables are as long as they are")]

mod bodies;
mod connection;
mod disk;
mod documents;
mod framing;
mod heads;
mod names;
mod redirects;
mod robots;
mod spaces;
mod tls;

use super::behaviour::Behaviour;

/// What a behaviour is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Connection,
    Tls,
    Framing,
    Heads,
    Bodies,
    Redirects,
    Spaces,
    Documents,
    Robots,
    Names,
    Disk,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        self.words().0
    }

    /// Returns what stands above its table.
    pub(crate) fn title(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Group::Connection => ("connection", "Connections"),
            Group::Tls => ("tls", "TLS"),
            Group::Framing => ("framing", "Framing: where an answer ends"),
            Group::Heads => ("heads", "Heads"),
            Group::Bodies => ("bodies", "Bodies"),
            Group::Redirects => ("redirects", "Redirects"),
            Group::Spaces => ("spaces", "Infinite spaces"),
            Group::Documents => ("documents", "HTML, CSS, XML"),
            Group::Robots => ("robots", "Robots and sitemaps"),
            Group::Names => ("names", "Names of files"),
            Group::Disk => ("disk", "The machine: disk, signals, limits"),
        }
    }
}

/// Returns all, in the order of the table.
pub(crate) fn all() -> Vec<(Group, Behaviour)> {
    let groups = [
        (Group::Connection, connection::all()),
        (Group::Tls, tls::all()),
        (Group::Framing, framing::all()),
        (Group::Heads, heads::all()),
        (Group::Bodies, bodies::all()),
        (Group::Redirects, redirects::all()),
        (Group::Spaces, spaces::all()),
        (Group::Documents, documents::all()),
        (Group::Robots, robots::all()),
        (Group::Names, names::all()),
        (Group::Disk, disk::all()),
    ];
    let with_group =
        |(group, all): (Group, Vec<Behaviour>)| all.into_iter().map(move |it| (group, it));
    groups.into_iter().flat_map(with_group).collect()
}
