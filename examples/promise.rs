//! One value, completed once, awaited by many: a page is fetched once, and three readers get it.
//!
//! `cargo run --example promise`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;

use dragline_promise::{Promise, WaitError, promise};
use futures::executor::block_on;

fn main() {
    let (completer, page) = promise::<String, String>();

    let readers: Vec<_> = ["Ada", "Grace", "Edsger"]
        .into_iter()
        .map(|name| {
            let page = page.clone();
            thread::spawn(move || read(name, page))
        })
        .collect();

    // Whoever fetches it completes the promise: with a value or an error, once.
    completer.complete(Ok("<h1>Hello</h1>".to_owned()));
    for reader in readers {
        reader.join().expect("no reader panics");
    }

    // And if the one who should fetch it goes away, nobody waits for ever.
    let (completer, never) = promise::<String, String>();
    drop(completer);
    assert_eq!(never.wait_blocking(), &Err(WaitError::Abandoned));
    read("Tim", never);
}

fn read(name: &str, page: Promise<String, String>) {
    match block_on(page) {
        Ok(text) => println!("{name} reads {text}"),
        Err(error) => println!("{name} reads nothing: {error}"),
    }
}
