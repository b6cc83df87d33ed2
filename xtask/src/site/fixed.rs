//! A site given as its answers, one an address.

use std::collections::HashMap;

use bytes::Bytes;

/// What is answered, by address: the path, with its query if it has one.
#[derive(Debug, Default)]
pub(crate) struct Fixed(HashMap<String, Resource>);

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    Document {
        content_type: &'static str,
        /// The name of the coding that the body is in, if it is in one.
        coding: Option<&'static str>,
        body: Bytes,
    },
    /// Moved for good, to this address.
    Moved(String),
}

impl Fixed {
    /// Adds an answer, in the place of one that is there.
    pub(crate) fn insert(&mut self, address: String, resource: Resource) {
        self.0.insert(address, resource);
    }

    /// Returns the answer at an address; all others are not found.
    pub(crate) fn find(&self, address: &str) -> Option<&Resource> {
        self.0.get(address)
    }
}
