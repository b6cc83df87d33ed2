//! What a server does with a connection, byte for byte.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time;

use super::server::Stream;

/// What is done, in this order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    steps: Vec<Step>,
    then: Then,
}

#[derive(Debug, Clone)]
enum Step {
    Send(Bytes),
    /// Sends the piece over and over, so often, and waits after each.
    Repeat {
        piece: Bytes,
        times: u64,
        pause: Duration,
    },
    Wait(Duration),
    /// Says nothing more until the client goes away.
    Stall,
    /// Sends the end of what is sent, and still reads.
    HalfClose,
}

/// What becomes of the connection at last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is closed; TLS says so before.
    #[default]
    Close,
    /// TCP closes it, and TLS does not say so.
    CloseUnsaid,
    /// It is reset.
    Reset,
    /// The next request is read.
    Keep,
}

impl Script {
    /// Sends these bytes.
    pub(crate) fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Script::default().and(bytes)
    }

    /// Answers 200 with this content, its length and these other fields (each ends with CR LF), and keeps the connection.
    pub(crate) fn ok(fields: &str, content: impl AsRef<[u8]>) -> Self {
        Script::status("200 OK", fields, content)
    }

    /// Answers with a status, as [`ok`](Self::ok) does.
    pub(crate) fn status(status: &str, fields: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let length = content.len();
        let head = format!("HTTP/1.1 {status}\r\n{fields}content-length: {length}\r\n\r\n");
        Script::send(head).and(content).keep()
    }

    /// Answers 200 with a page.
    pub(crate) fn page(html: impl AsRef<[u8]>) -> Self {
        Script::ok(HTML, html)
    }

    /// Answers 302 with this location.
    pub(crate) fn redirect(location: &str) -> Self {
        Script::status("302 Found", &format!("location: {location}\r\n"), "moved")
    }

    /// Sends these bytes before all else.
    pub(crate) fn after(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.insert(0, Step::Send(Bytes::from(bytes.into())));
        self
    }

    /// Then sends these bytes.
    pub(crate) fn and(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Send(Bytes::from(bytes.into())));
        self
    }

    /// Then sends a piece so often.
    pub(crate) fn repeat(self, piece: impl Into<Vec<u8>>, times: u64) -> Self {
        self.drip(piece, times, Duration::ZERO)
    }

    /// Then sends a piece so often, and waits after each.
    pub(crate) fn drip(mut self, piece: impl Into<Vec<u8>>, times: u64, pause: Duration) -> Self {
        let piece = Bytes::from(piece.into());
        self.steps.push(Step::Repeat {
            piece,
            times,
            pause,
        });
        self
    }

    /// Then waits.
    pub(crate) fn wait(mut self, time: Duration) -> Self {
        self.steps.push(Step::Wait(time));
        self
    }

    /// Then says nothing more.
    pub(crate) fn stall(mut self) -> Self {
        self.steps.push(Step::Stall);
        self
    }

    /// Then does what another script does, and ends as that.
    pub(crate) fn followed_by(mut self, other: Script) -> Self {
        self.steps.extend(other.steps);
        self.then(other.then)
    }

    pub(crate) fn half_close(mut self) -> Self {
        self.steps.push(Step::HalfClose);
        self
    }

    pub(crate) fn keep(self) -> Self {
        self.then(Then::Keep)
    }

    pub(crate) fn close(self) -> Self {
        self.then(Then::Close)
    }

    pub(crate) fn reset(self) -> Self {
        self.then(Then::Reset)
    }

    pub(crate) fn close_unsaid(self) -> Self {
        self.then(Then::CloseUnsaid)
    }

    fn then(self, then: Then) -> Self {
        Script { then, ..self }
    }

    /// Does it.
    pub(crate) async fn run(self, stream: &mut Stream) -> Then {
        for step in self.steps {
            if step.run(stream).await.is_err() {
                // The client has gone: what it left is for it to tell.
                return Then::CloseUnsaid;
            }
        }
        if stream.flush().await.is_err() {
            return Then::CloseUnsaid;
        }
        self.then
    }
}

impl Step {
    async fn run(self, stream: &mut Stream) -> std::io::Result<()> {
        match self {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Repeat {
                piece,
                times,
                pause,
            } => repeat(stream, &piece, times, pause).await?,
            Step::Wait(time) => {
                stream.flush().await?;
                time::sleep(time).await;
            }
            Step::Stall => {
                stream.flush().await?;
                let mut ignored = [0; 4096];
                while stream.read(&mut ignored).await? > 0 {}
            }
            Step::HalfClose => stream.shutdown().await?,
        }
        Ok(())
    }
}

async fn repeat(
    stream: &mut Stream,
    piece: &[u8],
    times: u64,
    pause: Duration,
) -> std::io::Result<()> {
    if pause.is_zero() {
        // Many at once: a call for each byte would measure this end.
        let at_once = (AT_ONCE / piece.len().max(1)).max(1) as u64;
        let many = piece.repeat(usize::try_from(at_once.min(times)).unwrap_or(1));
        let mut left = times;
        while left > 0 {
            let now = left.min(at_once);
            let length = piece.len() * usize::try_from(now).unwrap_or(1);
            stream.write_all(&many[..length]).await?;
            left -= now;
        }
        return Ok(());
    }
    for _ in 0..times {
        stream.write_all(piece).await?;
        stream.flush().await?;
        time::sleep(pause).await;
    }
    Ok(())
}

/// More often than any behaviour lasts.
pub(crate) const FOR_EVER: u64 = u64::MAX;
/// The fields of a page.
pub(crate) const HTML: &str = "content-type: text/html\r\n";
/// So many bytes are written in one call.
const AT_ONCE: usize = 64 << 10;
