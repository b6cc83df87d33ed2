//! One request in, one bounded response out
#![forbid(unsafe_code)]
