//! The `DevTools` protocol over a pipe: JSON messages, each ended by a NUL.
//!
//! Commands have a number, and their answers come back with it. Events come when they like, each with the session that it
//! is of; they go into the [`Record`] of the page that the session belongs to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time;

use crate::PageError;
use crate::visit::Record;

/// The longest message that is read, in bytes: some times the largest picture.
const LONGEST: u64 = 256 << 20;

/// How many commands may wait to be written. Each is written at once, so that there are never more than a few.
const WAITING: usize = 1024;

/// The browser's end of the protocol. Dropped, it hangs up.
#[derive(Debug)]
pub(crate) struct Pipe {
    shared: Arc<Shared>,
    timeout: Duration,
    /// The reader and the writer. Aborted on drop.
    _tasks: JoinSet<()>,
}

/// A page as its events tell it.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    record: Mutex<Record>,
    /// Told after each change of the record.
    pub(crate) changed: Notify,
    /// What is to be said to each frame and worker in a process of its own, before it runs.
    on_attach: Vec<(&'static str, Value)>,
}

impl Watched {
    pub(crate) fn new(on_attach: Vec<(&'static str, Value)>) -> Self {
        Self {
            on_attach,
            ..Self::default()
        }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }
}

/// Takes an answer, or what the browser says is wrong.
type Waiting = oneshot::Sender<Result<Value, String>>;

#[derive(Debug)]
struct Shared {
    outgoing: mpsc::Sender<Vec<u8>>,
    last: AtomicU64,
    /// Who waits for the answer to which command; `None` when the browser has gone.
    waiting: Mutex<Option<HashMap<u64, Waiting>>>,
    sessions: Mutex<HashMap<String, Arc<Watched>>>,
}

impl Pipe {
    /// Must be called within a tokio runtime.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        timeout: Duration,
    ) -> Self {
        let (outgoing, queue) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared {
            outgoing,
            last: AtomicU64::new(0),
            waiting: Mutex::new(Some(HashMap::new())),
            sessions: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(write(queue, writer));
        tasks.spawn(read(BufReader::new(reader), Arc::clone(&shared)));
        Self {
            shared,
            timeout,
            _tasks: tasks,
        }
    }

    /// Gives a command to the browser, or to a page of it, and returns the answer.
    ///
    /// # Cancel safety
    ///
    /// A command that was begun is carried out; its answer is dropped.
    pub(crate) async fn call(
        &self,
        session: Option<&str>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, PageError> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.next();
        match lock(&self.shared.waiting).as_mut() {
            Some(waiting) => waiting.insert(id, answer),
            None => return Err(PageError::Gone),
        };
        let _forgotten = Forget(&self.shared, id);
        self.shared.send(id, session, method, &params)?;
        match time::timeout(self.timeout, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(message))) => Err(PageError::Refused { method, message }),
            Ok(Err(_)) => Err(PageError::Gone),
            Err(_) => Err(PageError::TimedOut(method)),
        }
    }

    /// Gives a command whose answer is of no interest.
    pub(crate) fn tell(&self, session: Option<&str>, method: &'static str, params: &Value) {
        // It fails when the browser has gone, and with it whatever was to be told.
        let _ = self
            .shared
            .send(self.shared.next(), session, method, params);
    }

    /// Has the events of a session told to a page.
    pub(crate) fn watch(&self, session: String, watched: Arc<Watched>) {
        lock(&self.shared.sessions).insert(session, watched);
    }

    /// Forgets all sessions of a page.
    pub(crate) fn unwatch(&self, watched: &Arc<Watched>) {
        lock(&self.shared.sessions).retain(|_, other| !Arc::ptr_eq(other, watched));
    }
}

/// Takes the place of who waits off the list, also when it has waited too long or is dropped.
struct Forget<'a>(&'a Shared, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.0.waiting).as_mut() {
            waiting.remove(&self.1);
        }
    }
}

impl Shared {
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn send(
        &self,
        id: u64,
        session: Option<&str>,
        method: &str,
        params: &Value,
    ) -> Result<(), PageError> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut message = message.to_string().into_bytes();
        message.push(0);
        self.outgoing.try_send(message).map_err(|_| PageError::Gone)
    }

    /// Gives a message to whom it is for.
    fn dispatch(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let waiting = lock(&self.waiting).as_mut().and_then(|all| all.remove(&id));
            let answer = match message["error"]["message"].as_str() {
                Some(error) => Err(error.to_owned()),
                None => Ok(message["result"].take()),
            };
            if let Some(waiting) = waiting {
                let _ = waiting.send(answer);
            }
            return;
        }
        let (session, method) = (message["sessionId"].as_str(), message["method"].as_str());
        let (Some(session), Some(method)) = (session, method) else {
            return;
        };
        let Some(watched) = lock(&self.sessions).get(session).cloned() else {
            return;
        };
        let params = &message["params"];
        match method {
            "Target.attachedToTarget" => self.attached(&watched, params),
            "Target.detachedFromTarget" => {
                let child = params["sessionId"].as_str().unwrap_or_default();
                lock(&self.sessions).remove(child);
                // With it goes whatever it was still waiting for.
                watched.record().ended(child);
            }
            // It would wait for an answer for ever.
            "Page.javascriptDialogOpening" => {
                let no = json!({ "accept": false });
                let _ = self.send(
                    self.next(),
                    Some(session),
                    "Page.handleJavaScriptDialog",
                    &no,
                );
            }
            _ => watched.record().apply(session, method, params),
        }
        watched.changed.notify_waiters();
    }

    /// A frame or a worker in a process of its own: it is part of the page.
    fn attached(&self, watched: &Arc<Watched>, params: &Value) {
        let Some(child) = params["sessionId"].as_str() else {
            return;
        };
        lock(&self.sessions).insert(child.to_owned(), Arc::clone(watched));
        for (method, params) in &watched.on_attach {
            let _ = self.send(self.next(), Some(child), method, params);
        }
    }
}

async fn write(mut queue: mpsc::Receiver<Vec<u8>>, mut writer: impl AsyncWrite + Unpin) {
    while let Some(message) = queue.recv().await {
        if writer.write_all(&message).await.is_err() || writer.flush().await.is_err() {
            // The reader sees the end, and tells who waits.
            return;
        }
    }
}

async fn read(mut reader: BufReader<impl AsyncRead + Unpin>, shared: Arc<Shared>) {
    let mut message = Vec::new();
    loop {
        message.clear();
        let read = (&mut reader)
            .take(LONGEST)
            .read_until(0, &mut message)
            .await;
        if read.is_err() || message.pop() != Some(0) {
            break;
        }
        // What is no JSON is no message: its sender is asked again, or waits for the deadline.
        if let Ok(message) = serde_json::from_slice(&message) {
            shared.dispatch(message);
        }
    }
    // Whoever waits learns that there will be no answer.
    *lock(&shared.waiting) = None;
    for watched in std::mem::take(&mut *lock(&shared.sessions)).values() {
        watched.record().gone();
        watched.changed.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
