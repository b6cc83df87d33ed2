//! Give it a URL and it keeps the site: an archive, and a copy that opens offline
#![forbid(unsafe_code)]
