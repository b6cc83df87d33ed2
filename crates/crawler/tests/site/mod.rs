//! A site on loopback that answers as told and remembers what it was asked.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is sent for a path.
#[derive(Clone)]
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
    /// How much of the body is sent before the connection is closed; all of it if `None`.
    cut: Option<usize>,
    /// Whether nothing at all is sent.
    silent: bool,
    /// Of whom has this one, nothing is new.
    etag: Option<String>,
    /// What is sent instead to who shows this cookie.
    shown: Option<(String, Box<Answer>)>,
}

impl Answer {
    pub(crate) fn new(status: &str, fields: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in fields {
            head += &format!("{name}: {value}\r\n");
        }
        let body = body.as_ref().to_vec();
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        Answer {
            head,
            body,
            cut: None,
            silent: false,
            etag: None,
            shown: None,
        }
    }

    /// Who shows this cookie is sent another answer.
    pub(crate) fn unless_shown(self, cookie: &str, instead: Answer) -> Self {
        Answer {
            shown: Some((cookie.to_owned(), Box::new(instead))),
            ..self
        }
    }

    /// With a validator: whoever has it is answered with a 304.
    pub(crate) fn tagged(mut self, etag: &str) -> Self {
        self.head = self
            .head
            .replacen("\r\n", &format!("\r\nETag: \"{etag}\"\r\n"), 1);
        self.etag = Some(etag.to_owned());
        self
    }

    pub(crate) fn html(body: &str) -> Self {
        Self::new("200 OK", &[("Content-Type", "text/html")], body)
    }

    pub(crate) fn of_type(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", &[("Content-Type", content_type)], body)
    }

    /// A redirect that sets a cookie.
    pub(crate) fn cookie(cookie: &str, location: &str) -> Self {
        let cookie = format!("{cookie}; Path=/");
        let fields = [("Location", location), ("Set-Cookie", &cookie)];
        Self::new("302 Found", &fields, "")
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::new("302 Found", &[("Location", location)], "")
    }

    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Answer {
            cut: Some(bytes),
            ..self
        }
    }

    /// The part that a request asks for, if it knows what it has the beginning of.
    fn rest_for(&self, fields: &str) -> Option<Answer> {
        let etag = self.etag.as_deref().filter(|_| self.cut.is_some())?;
        let (_, from) = fields.split_once("range: bytes=")?;
        let from: usize = from.split('-').next()?.parse().ok()?;
        fields
            .contains(&format!("if-range: \"{etag}\"\r\n"))
            .then_some(())?;
        let (all, rest) = (self.body.len(), &self.body[from..]);
        let range = format!("bytes {from}-{}/{all}", all - 1);
        let fields = [("Content-Range", range.as_str())];
        Some(Answer::new("206 Partial Content", &fields, rest).tagged(etag))
    }

    fn status(&self) -> &str {
        let line = self.head.split("\r\n").next().unwrap();
        &line["HTTP/1.1 ".len()..]
    }

    pub(crate) fn silent() -> Self {
        Answer {
            silent: true,
            ..Self::html("")
        }
    }
}

#[derive(Default)]
struct Seen {
    requests: Mutex<BTreeMap<String, usize>>,
    fields: Mutex<BTreeMap<String, String>>,
    now: AtomicUsize,
    most: AtomicUsize,
    hung_up: tokio::sync::Notify,
}

/// Serves until it is dropped with its runtime.
pub(crate) struct Site {
    pub(crate) url: String,
    answers: Answers,
    seen: Arc<Seen>,
}

type Answers = Arc<Mutex<HashMap<String, Answer>>>;

impl Site {
    /// Starts a site. `make` is given the URL of its root, without the last slash.
    pub(crate) async fn start<P: Into<String>, const N: usize>(
        make: impl FnOnce(&str) -> [(P, Answer); N],
    ) -> Self {
        Self::start_with(|root| {
            make(root)
                .map(|(path, answer)| (path.into(), answer))
                .into()
        })
        .await
    }

    pub(crate) async fn start_with(make: impl FnOnce(&str) -> HashMap<String, Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let answers: Answers = Arc::new(Mutex::new(make(&root)));
        let seen = Arc::new(Seen::default());
        let site = Site {
            url: format!("{root}/"),
            answers: Arc::clone(&answers),
            seen: Arc::clone(&seen),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        site
    }

    /// Changes what is answered from now on; `None`: it is gone.
    pub(crate) fn set(&self, path: &str, answer: Option<Answer>) {
        let mut answers = self.answers.lock().unwrap();
        match answer {
            Some(answer) => answers.insert(path.to_owned(), answer),
            None => answers.remove(path),
        };
    }

    /// How often each path was asked for.
    pub(crate) fn requests(&self) -> BTreeMap<String, usize> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The header fields of the last request for a path, a line each.
    pub(crate) fn fields(&self, path: &str) -> String {
        let fields = self.seen.fields.lock().unwrap();
        fields.get(path).cloned().unwrap_or_default()
    }

    /// The most requests that were in flight at once.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }

    /// Waits until a client closes a connection on which it was owed an answer.
    pub(crate) async fn hung_up(&self) {
        self.seen.hung_up.notified().await;
    }
}

async fn serve(stream: TcpStream, answers: Answers, seen: Arc<Seen>) {
    let mut stream = BufReader::new(stream);
    while let Some((path, fields)) = request(&mut stream).await {
        // Who says nothing of it is not asked about it.
        if path == "/robots.txt" && !answers.lock().unwrap().contains_key(&path) {
            let nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            if stream.write_all(nothing).await.is_err() {
                return;
            }
            continue;
        }
        *seen
            .requests
            .lock()
            .unwrap()
            .entry(path.clone())
            .or_default() += 1;
        let last = fields.clone();
        seen.fields.lock().unwrap().insert(path.clone(), last);
        let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(now, Ordering::SeqCst);
        // Lets others in, so that requests that may be in flight together are.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let not_found = Answer::new(
            "404 Not Found",
            &[("Content-Type", "text/html")],
            "<a href=never>",
        );
        let answer = answers.lock().unwrap().get(&path).cloned();
        let mut answer = answer.unwrap_or(not_found);
        if let Some((cookie, instead)) = answer.shown.take()
            && fields.contains(&cookie)
        {
            answer = *instead;
        }
        if let Some(etag) = &answer.etag
            && fields.contains(&format!("if-none-match: \"{etag}\"\r\n"))
        {
            answer = Answer {
                head: answer.head.replacen(answer.status(), "304 Not Modified", 1),
                body: Vec::new(),
                ..answer
            };
        }
        // Of what breaks off, who has its first part is given the rest.
        let answer = answer.rest_for(&fields).unwrap_or(answer);
        if answer.silent {
            let _ = stream.read_line(&mut String::new()).await;
            seen.hung_up.notify_one();
            return;
        }
        seen.now.fetch_sub(1, Ordering::SeqCst);
        let sent = answer.cut.unwrap_or(answer.body.len());
        let bytes = [answer.head.as_bytes(), &answer.body[..sent]].concat();
        if stream.write_all(&bytes).await.is_err() || answer.cut.is_some() {
            return;
        }
    }
}

/// The path, and all fields.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut fields = String::new();
    while !fields.ends_with("\r\n\r\n") && fields != "\r\n" {
        if stream.read_line(&mut fields).await.ok()? == 0 {
            return None;
        }
    }
    Some((path, fields))
}

/// Nothing is tried again: that takes time.
pub(crate) fn once() -> dragline::Tries {
    dragline::Tries {
        most: 1,
        ..dragline::Tries::default()
    }
}

/// The files of a copy by path, without those that are no part of it.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() == ".dragline" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}
