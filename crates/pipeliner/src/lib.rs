//! At most N jobs at a time; every job's result finds its caller
#![forbid(unsafe_code)]
