//! A small site that the examples keep, so that they run without a network.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each example uses a part of it"
)]

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A page, a style or a picture.
pub(crate) struct Page {
    path: &'static str,
    content_type: &'static str,
    pub(crate) body: &'static str,
}

/// There is nothing at this path.
#[derive(Debug)]
pub(crate) struct NotFound(String);

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nothing at {}", self.0)
    }
}

impl std::error::Error for NotFound {}

/// Gets a page without a network.
pub(crate) async fn get(path: String) -> Result<&'static Page, NotFound> {
    futures::future::ready(()).await;
    PAGES
        .iter()
        .find(|page| page.path == path)
        .ok_or(NotFound(path))
}

/// Serves the site by HTTP.
pub(crate) async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    match get(request.uri().path().to_owned()).await {
        Ok(page) => {
            *response.body_mut() = Full::from(page.body);
            let content_type = page
                .content_type
                .parse()
                .expect("a media type is a field value");
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

const PAGES: &[Page] = &[
    Page {
        path: "/",
        content_type: "text/html; charset=utf-8",
        body: include_str!("index.html"),
    },
    Page {
        path: "/spiders.html",
        content_type: "text/html; charset=utf-8",
        body: include_str!("spiders.html"),
    },
    Page {
        path: "/silk.html",
        content_type: "text/html; charset=utf-8",
        body: include_str!("silk.html"),
    },
    Page {
        path: "/style.css",
        content_type: "text/css",
        body: include_str!("style.css"),
    },
    Page {
        path: "/web.svg",
        content_type: "image/svg+xml",
        body: include_str!("web.svg"),
    },
];
