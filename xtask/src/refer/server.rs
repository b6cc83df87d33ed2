//! Serves the cases on loopback, by two names.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::case::{Case, Entrance, Host};

/// A running site. Dropped, it closes its listener and its connections.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    accepting: JoinSet<()>,
}

type Answers = HashMap<(Host, String), Answer>;

impl Server {
    /// Serves these cases at 127.0.0.1, and more of them at `localhost`, both at a free port or at `port`.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub(crate) async fn start(cases: &[Case], port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        let mut server = Self {
            port,
            accepting: JoinSet::new(),
        };
        let answers = Arc::new(server.answers(cases));
        server.accepting.spawn(accept(listener, answers));
        Ok(server)
    }

    /// Returns the address of the first page, which links to every case.
    pub(crate) fn url(&self) -> String {
        format!("{}/", self.here())
    }

    /// Returns the text with the hosts' addresses in it.
    pub(crate) fn settled(&self, text: &str) -> String {
        text.replace("{here}", &self.here())
    }

    fn here(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn answers(&self, cases: &[Case]) -> Answers {
        let there = format!("http://localhost:{}", self.port);
        let mut answers = Answers::new();
        let mut links = String::new();
        for case in cases {
            links += &format!("<li><a id={0} href=/{0}/>{0}</a>\n", case.name);
            for (host, address, answer) in &case.answers {
                let answer = answer.clone().settled(&self.here(), &there);
                answers.insert((*host, address.clone()), answer);
            }
        }
        let front = format!(
            "<!doctype html><meta charset=utf-8><title>References</title><ul>\n{links}</ul>"
        );
        answers.insert((Host::Here, "/".to_owned()), Answer::html(&front));
        answers
    }

    /// Returns the address at which the live page of a case is.
    pub(crate) fn page(&self, case: &Case) -> String {
        let page = match case.entrance {
            Entrance::Linked => "",
            Entrance::Hidden(address) => address,
        };
        format!("{}/{}/{page}", self.here(), case.name)
    }
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let answers = Arc::clone(&answers);
                let service = service_fn(move |request| {
                    let answer = answer(&answers, &request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                connections.spawn(async move {
                    // An error here is a client that broke off: its own affair.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn answer(answers: &Answers, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let asked = request.headers().get(HOST).map(HeaderValue::as_bytes);
    let host = match asked {
        Some(name) if name.starts_with(b"localhost") => Host::There,
        _ => Host::Here,
    };
    let address = request
        .uri()
        .path_and_query()
        .map_or("/", |address| address.as_str());
    let Some(found) = answers.get(&(host, address.to_owned())) else {
        let mut missing = Response::new(Full::new(Bytes::from("not found\n")));
        *missing.status_mut() = StatusCode::NOT_FOUND;
        return missing;
    };
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(&found.body)));
    *response.status_mut() = StatusCode::from_u16(found.status).expect("a case's own status");
    for (name, value) in &found.headers {
        let value = HeaderValue::from_bytes(value).expect("a case's own header");
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    response
}
