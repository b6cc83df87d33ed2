//! One value, completed once, awaited by any number of tasks
#![forbid(unsafe_code)]
