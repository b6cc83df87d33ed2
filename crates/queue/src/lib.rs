//! A queue that tasks wait on: put, get, close, join
#![forbid(unsafe_code)]
