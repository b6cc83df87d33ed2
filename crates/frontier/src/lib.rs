//! Which URL is next, and never the same one twice
#![forbid(unsafe_code)]
