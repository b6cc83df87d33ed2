//! Every URL a document refers to, with its place in the bytes, and the rewriting of them
#![forbid(unsafe_code)]
