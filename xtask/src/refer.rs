//! A site of references: every way in which one thing on the web refers to another, a page each.
//!
//! Each page shows whether it has got what it refers to: a script's expression becomes true, or a place on it green. What
//! is right is said by a browser on the live site and by nothing of ours: a case counts when it works there.

mod answer;
mod case;
mod cases;
mod server;

pub(crate) use case::{Case, Entrance, Evidence};
pub(crate) use cases::all;
pub(crate) use server::Server;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn cases_are_many_and_each_has_its_own_addresses() {
        let cases = super::all();
        assert!(cases.len() >= 130, "{}", cases.len());
        let mut names = HashSet::new();
        for case in &cases {
            assert!(names.insert(case.name), "{} stands twice", case.name);
            for (_, address, _) in &case.answers {
                let own = address.starts_with(&format!("/{}/", case.name))
                    || address.matches('/').count() == 1;
                assert!(own, "{address} is not in the folder of {}", case.name);
            }
        }
    }
}
