//! The browsable copy of a site: a view of the archive, a pure function of it
#![forbid(unsafe_code)]
