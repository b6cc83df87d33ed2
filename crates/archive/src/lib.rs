//! What was received, written once: WARC segments and their index
#![forbid(unsafe_code)]
