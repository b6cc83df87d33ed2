use std::collections::HashMap;

use serde_json::Value;

/// What came of opening a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visit {
    /// Where it ended, after redirects.
    pub url: String,
    /// The document's title.
    pub title: String,
    /// Why there is no page, in Chromium's words (`net::ERR_FILE_NOT_FOUND`); `None` if there is one.
    pub error: Option<String>,
    /// Whether it was loaded and quiet before the time was up.
    pub settled: bool,
    /// What it asked for, in this order, the document included.
    pub requests: Vec<Request>,
    /// Errors of the console, and exceptions that no script caught.
    pub errors: Vec<String>,
}

/// One request of a page, of a frame or of a worker in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The absolute URL.
    pub url: String,
    /// What it was for, in the protocol's words: `Document`, `Stylesheet`, `Image`, `Script`, `Font`, `Fetch` ...
    pub kind: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No answer yet.
    Pending,
    /// An answer with this status; 200 where there are none, as for a file.
    Answered(u16),
    /// The page itself has lost interest.
    Cancelled,
    /// No answer, and why not, in Chromium's words.
    Failed(String),
}

impl Request {
    /// Tells whether there was no answer, or one that is an error (a status of 400 or more).
    pub fn has_failed(&self) -> bool {
        match self.outcome {
            Outcome::Pending | Outcome::Cancelled => false,
            Outcome::Answered(status) => status >= 400,
            Outcome::Failed(_) => true,
        }
    }

    /// Tells whether it needs a network: it is for no file and for nothing that the page has made itself.
    pub fn is_remote(&self) -> bool {
        ![
            "file:",
            "data:",
            "blob:",
            "about:",
            "chrome:",
            "chrome-error:",
        ]
        .iter()
        .any(|local| self.url.starts_with(local))
    }

    /// Tells whether a page is loading as long as there is no answer to it.
    fn is_waited_for(&self) -> bool {
        let made = self.url.starts_with("data:") || self.url.starts_with("blob:");
        // Of media, only so much is read as is played.
        let open_ended =
            ["Media", "EventSource", "WebSocket", "Ping"].contains(&self.kind.as_str());
        !made && !open_ended
    }
}

/// How many requests and how many errors of a page are kept.
const MOST: usize = 20_000;

/// A page's events, summed up.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) requests: Vec<Request>,
    pub(crate) errors: Vec<String>,
    /// The load event of the document that is shown has fired.
    pub(crate) loaded: bool,
    /// The browser has ended.
    pub(crate) gone: bool,
    /// By session and number: the place of the request that is under way.
    under_way: HashMap<(String, String), usize>,
}

impl Record {
    /// Forgets everything, for another document.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            gone: self.gone,
            ..Self::default()
        };
    }

    /// Whether all is loaded that was asked for so far.
    pub(crate) fn is_quiet(&self) -> bool {
        let waits = |at: &usize| self.requests[*at].is_waited_for();
        self.loaded && !self.under_way.values().any(waits)
    }

    /// Takes in an event of a session.
    pub(crate) fn apply(&mut self, session: &str, method: &str, params: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = || (session.to_owned(), text(&params["requestId"]));
        match method {
            "Page.loadEventFired" => self.loaded = true,
            // Another document takes the place of the main one.
            "Page.frameNavigated" if params["frame"]["parentId"].is_null() => self.loaded = false,
            "Network.requestWillBeSent" => {
                if let Some(status) = status(&params["redirectResponse"]) {
                    self.outcome(&key(), Outcome::Answered(status));
                }
                self.sent(
                    key(),
                    text(&params["request"]["url"]),
                    text(&params["type"]),
                );
            }
            "Network.webSocketCreated" => {
                self.sent(key(), text(&params["url"]), "WebSocket".to_owned());
            }
            "Network.responseReceived" => {
                if let Some(status) = status(&params["response"]) {
                    self.outcome(&key(), Outcome::Answered(status));
                }
            }
            "Network.loadingFinished" | "Network.webSocketClosed" => {
                self.under_way.remove(&key());
            }
            "Network.loadingFailed" => {
                self.outcome(&key(), failure(params));
                self.under_way.remove(&key());
            }
            "Network.webSocketFrameError" => {
                self.outcome(&key(), Outcome::Failed(text(&params["errorMessage"])));
            }
            "Runtime.exceptionThrown" => self.error(exception(&params["exceptionDetails"])),
            "Runtime.consoleAPICalled" if params["type"] == "error" => {
                let arguments = params["args"].as_array();
                let words = arguments.into_iter().flatten().map(|argument| {
                    let said = &argument["value"];
                    said.as_str()
                        .map_or_else(|| said.to_string(), str::to_owned)
                });
                self.error(words.collect::<Vec<_>>().join(" "));
            }
            // That a request has failed is said by the request.
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let entry = &params["entry"];
                if entry["source"] != "network" {
                    self.error(text(&entry["text"]));
                }
            }
            _ => {}
        }
    }

    /// A session has ended, with all that was under way in it.
    pub(crate) fn ended(&mut self, session: &str) {
        self.under_way.retain(|(of, _), _| of != session);
    }

    /// The browser has ended.
    pub(crate) fn gone(&mut self) {
        self.gone = true;
    }

    fn sent(&mut self, key: (String, String), url: String, kind: String) {
        if self.requests.len() < MOST {
            self.under_way.insert(key, self.requests.len());
            self.requests.push(Request {
                url,
                kind,
                outcome: Outcome::Pending,
            });
        }
    }

    fn outcome(&mut self, key: &(String, String), outcome: Outcome) {
        if let Some(at) = self.under_way.get(key) {
            self.requests[*at].outcome = outcome;
        }
    }

    fn error(&mut self, error: String) {
        if self.errors.len() < MOST {
            self.errors.push(error);
        }
    }
}

fn status(response: &Value) -> Option<u16> {
    let status = u16::try_from(response["status"].as_u64()?).ok()?;
    // Schemes without a status have 0 or 200, from one to the other.
    Some(if status == 0 { 200 } else { status })
}

fn failure(params: &Value) -> Outcome {
    if params["canceled"] == true {
        return Outcome::Cancelled;
    }
    let words = [
        &params["errorText"],
        &params["blockedReason"],
        &params["corsErrorStatus"]["corsError"],
    ];
    let said = words.iter().filter_map(|word| word.as_str());
    let said: Vec<_> = said.filter(|word| !word.is_empty()).collect();
    Outcome::Failed(said.join(", "))
}

/// Spells an exception as the console would.
pub(crate) fn exception(details: &Value) -> String {
    let said = &details["exception"]["description"];
    let said = said.as_str().or(details["text"].as_str());
    // The stack after the first line says nothing about the page that its address does not.
    let first = said.and_then(|said| said.lines().next());
    first.unwrap_or("an exception").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(id: &str, url: &str, kind: &str) -> (&'static str, Value) {
        let params = json!({ "requestId": id, "request": { "url": url }, "type": kind });
        ("Network.requestWillBeSent", params)
    }

    fn record(events: &[(&str, Value)]) -> Record {
        let mut record = Record::default();
        for (method, params) in events {
            record.apply("s", method, params);
        }
        record
    }

    fn loaded() -> (&'static str, Value) {
        ("Page.loadEventFired", json!({}))
    }

    #[test]
    fn a_page_is_quiet_when_it_is_loaded_and_nothing_is_under_way() {
        let finished = ("Network.loadingFinished", json!({ "requestId": "1" }));
        let image = sent("1", "http://h/a.png", "Image");
        assert!(!record(&[]).is_quiet());
        assert!(record(&[loaded()]).is_quiet());
        assert!(!record(&[loaded(), image.clone()]).is_quiet());
        assert!(record(&[loaded(), image.clone(), finished]).is_quiet());
        // A refresh.
        let navigated = ("Page.frameNavigated", json!({ "frame": { "id": "f" } }));
        assert!(!record(&[loaded(), navigated]).is_quiet());
        let frame = json!({ "frame": { "id": "g", "parentId": "f" } });
        assert!(record(&[loaded(), ("Page.frameNavigated", frame)]).is_quiet());
        // A worker ends while it loads.
        let mut record = record(&[loaded()]);
        let (method, params) = image;
        record.apply("worker", method, &params);
        assert!(!record.is_quiet());
        record.ended("worker");
        assert!(record.is_quiet());
    }

    #[test]
    fn what_never_ends_is_not_waited_for() {
        for (url, kind) in [
            ("http://h/a.webm", "Media"),
            ("http://h/events", "EventSource"),
            ("data:image/png,", "Image"),
        ] {
            assert!(
                record(&[loaded(), sent("1", url, kind)]).is_quiet(),
                "{url}"
            );
        }
    }

    #[test]
    fn a_request_says_what_came_of_it() {
        let answered = |status: u16| json!({ "requestId": "1", "response": { "status": status } });
        let failed = |more: Value| {
            let mut params = json!({ "requestId": "1", "errorText": "net::ERR_FAILED" });
            params
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            ("Network.loadingFailed", params)
        };
        let check = |event: (&str, Value), outcome: Outcome, has_failed: bool| {
            let record = record(&[sent("1", "file:///a", "Script"), event]);
            let request = &record.requests[0];
            assert_eq!(
                (&request.outcome, request.has_failed()),
                (&outcome, has_failed)
            );
        };
        check(loaded(), Outcome::Pending, false);
        check(
            ("Network.responseReceived", answered(0)),
            Outcome::Answered(200),
            false,
        );
        check(
            ("Network.responseReceived", answered(404)),
            Outcome::Answered(404),
            true,
        );
        check(
            failed(json!({})),
            Outcome::Failed("net::ERR_FAILED".into()),
            true,
        );
        check(
            failed(json!({ "canceled": true })),
            Outcome::Cancelled,
            false,
        );
        check(
            failed(json!({ "corsErrorStatus": { "corsError": "MissingAllowOriginHeader" } })),
            Outcome::Failed("net::ERR_FAILED, MissingAllowOriginHeader".into()),
            true,
        );
    }

    #[test]
    fn each_step_of_a_redirect_is_a_request() {
        let (method, mut again) = sent("1", "http://h/b", "Document");
        again["redirectResponse"] = json!({ "status": 302 });
        let record = record(&[sent("1", "http://h/a", "Document"), (method, again)]);
        let steps = record
            .requests
            .iter()
            .map(|request| (request.url.as_str(), &request.outcome));
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                ("http://h/a", &Outcome::Answered(302)),
                ("http://h/b", &Outcome::Pending)
            ]
        );
    }

    #[test]
    fn remote_is_what_needs_a_network() {
        let is_remote = |url: &str| {
            let (kind, outcome) = ("Image".to_owned(), Outcome::Pending);
            Request {
                url: url.to_owned(),
                kind,
                outcome,
            }
            .is_remote()
        };
        assert!(is_remote("http://h/") && is_remote("wss://h/"));
        assert!(!is_remote("file:///a") && !is_remote("data:,") && !is_remote("blob:null/1"));
    }

    #[test]
    fn errors_are_those_of_the_console_and_exceptions() {
        let exception =
            json!({ "exceptionDetails": { "exception": { "description": "Error: a\n  at b" } } });
        let console = json!({ "type": "error", "args": [{ "value": "b" }, { "value": 1 }] });
        let info = json!({ "type": "log", "args": [{ "value": "c" }] });
        let security = json!({ "entry": { "level": "error", "source": "security", "text": "d" } });
        let network = json!({ "entry": { "level": "error", "source": "network", "text": "404" } });
        let record = record(&[
            ("Runtime.exceptionThrown", exception),
            ("Runtime.consoleAPICalled", console),
            ("Runtime.consoleAPICalled", info),
            ("Log.entryAdded", security),
            ("Log.entryAdded", network),
        ]);
        assert_eq!(record.errors, ["Error: a", "b 1", "d"]);
    }
}
