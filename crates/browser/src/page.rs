use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::time::{self, Instant};

use crate::pipe::{Pipe, Watched};
use crate::visit::exception;
use crate::{Config, Network, PageError, Picture, Rules, Visit};

/// One page of a browser, like a tab. Dropped, it is closed. It does not keep its browser running.
#[derive(Debug)]
pub struct Page {
    pipe: Arc<Pipe>,
    timeout: Duration,
    settle: Duration,
    scripts: bool,
    target: String,
    session: String,
    watched: Arc<Watched>,
}

impl Page {
    pub(crate) async fn create(
        pipe: Arc<Pipe>,
        config: &Config,
        rules: Rules,
    ) -> Result<Self, PageError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // In a window of its own, since what is behind another tab loads no media, and nothing lazily.
        let blank = json!({ "url": "about:blank", "newWindow": true });
        let created = pipe.call(None, "Target.createTarget", blank).await?;
        let target = text(&created["targetId"]);
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = pipe.call(None, "Target.attachToTarget", attach).await?;
        let session = text(&attached["sessionId"]);
        let run = ("Runtime.runIfWaitingForDebugger", json!({}));
        let watched = Watched::new(every_process(rules).chain([run]).collect());
        let page = Self {
            pipe,
            timeout: config.timeout,
            settle: config.settle,
            scripts: rules.scripts,
            target,
            session,
            watched: Arc::new(watched),
        };
        page.pipe
            .watch(page.session.clone(), Arc::clone(&page.watched));
        let (width, height) = config.viewport;
        let own = [
            ("Page.enable", json!({})),
            ("Log.enable", json!({})),
            (
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
            ),
            (
                "Emulation.setFocusEmulationEnabled",
                json!({ "enabled": true }),
            ),
            (
                "Emulation.setEmulatedMedia",
                json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] }),
            ),
            scripts(rules.scripts),
        ];
        for (method, params) in every_process(rules).chain(own) {
            page.call(method, params).await?;
        }
        Ok(page)
    }

    /// Opens a URL, and waits until the page is loaded and has asked for nothing for a while ([`Config::settle`]).
    ///
    /// A page that cannot be loaded, or is never quiet, is a visit that says so.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the page goes on loading.
    pub async fn open(&self, url: &str) -> Result<Visit, PageError> {
        self.watched.record().clear();
        let opened = self.call("Page.navigate", json!({ "url": url })).await?;
        let error = opened["errorText"].as_str().map(str::to_owned);
        if opened["loaderId"].is_null() {
            // Another place of the same document: nothing is loaded.
            self.watched.record().loaded = true;
        }
        let settled = error.is_none() && self.settle().await?;
        self.visit(error, settled).await
    }

    /// Waits as [`open`](Self::open) does, after a script has done something; what was asked for before is in the visit too.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn settled(&self) -> Result<Visit, PageError> {
        let settled = self.settle().await?;
        self.visit(None, settled).await
    }

    /// Evaluates an expression in the page and returns its value, as JSON. If it is a promise, its value is waited for.
    ///
    /// # Errors
    ///
    /// Fails when it throws, and when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// What the script does is done.
    pub async fn evaluate(&self, script: &str) -> Result<Value, PageError> {
        let params = json!({
            "expression": script,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        if !self.scripts {
            self.allow_scripts(true).await?;
        }
        let answer = self.call("Runtime.evaluate", params).await;
        if !self.scripts {
            self.allow_scripts(false).await?;
        }
        let mut answer = answer?;
        let thrown = &answer["exceptionDetails"];
        if !thrown.is_null() {
            return Err(PageError::Thrown(exception(thrown)));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Takes a picture of what is seen of the page. Animations that end are ended first, and others are cancelled.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn screenshot(&self) -> Result<Picture, PageError> {
        self.evaluate(STAND_STILL).await?;
        let params = json!({ "format": "png", "optimizeForSpeed": true });
        let taken = self.call("Page.captureScreenshot", params).await?;
        // What is no base64 is no picture either.
        let png = BASE64.decode(taken["data"].as_str().unwrap_or_default());
        Picture::decode(&png.unwrap_or_default()).map_err(PageError::Picture)
    }

    /// Takes pictures until two in a row are the same, and returns the last: what scripts draw step by step (charts, counters)
    /// has come to its end. A page that never rests, which it is given five seconds for, is as it is then.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn screenshot_at_rest(&self) -> Result<Picture, PageError> {
        let deadline = Instant::now() + MOST_MOVING;
        let mut picture = self.screenshot().await?;
        loop {
            time::sleep(BETWEEN_PICTURES).await;
            let next = self.screenshot().await?;
            if next == picture || Instant::now() >= deadline {
                return Ok(next);
            }
            picture = next;
        }
    }

    /// Waits until the page is quiet; false if it is not in time.
    async fn settle(&self) -> Result<bool, PageError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut changed = pin!(self.watched.changed.notified());
            changed.as_mut().enable();
            let (gone, quiet) = {
                let record = self.watched.record();
                (record.gone, record.is_quiet())
            };
            if gone {
                return Err(PageError::Gone);
            }
            let end = if quiet {
                deadline.min(Instant::now() + self.settle)
            } else {
                deadline
            };
            if time::timeout_at(end, changed).await.is_err() {
                // Quiet for less than it takes, when the time is up, is not settled.
                return Ok(quiet && end < deadline);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }

    async fn visit(&self, error: Option<String>, settled: bool) -> Result<Visit, PageError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let about = self.evaluate("[location.href, document.title]").await?;
        let mut record = self.watched.record();
        Ok(Visit {
            url: text(&about[0]),
            title: text(&about[1]),
            error,
            settled,
            requests: record.requests.clone(),
            errors: std::mem::take(&mut record.errors),
        })
    }

    /// While they are not allowed, no promise is kept either, also not to what is evaluated.
    async fn allow_scripts(&self, allowed: bool) -> Result<(), PageError> {
        let (method, params) = scripts(allowed);
        self.call(method, params).await?;
        Ok(())
    }

    async fn call(&self, method: &'static str, params: Value) -> Result<Value, PageError> {
        self.pipe.call(Some(&self.session), method, params).await
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.pipe.unwatch(&self.watched);
        let target = json!({ "targetId": self.target });
        self.pipe.tell(None, "Target.closeTarget", &target);
    }
}

fn scripts(allowed: bool) -> (&'static str, Value) {
    let disabled = json!({ "value": !allowed });
    ("Emulation.setScriptExecutionDisabled", disabled)
}

/// What is said to every process of a page: to its own, and to those of its frames and workers.
fn every_process(rules: Rules) -> impl Iterator<Item = (&'static str, Value)> {
    let offline = json!({
        "offline": rules.network == Network::Off,
        "latency": 0,
        "downloadThroughput": -1,
        "uploadThroughput": -1,
    });
    let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
    [
        ("Network.enable", json!({})),
        ("Network.setCacheDisabled", json!({ "cacheDisabled": true })),
        ("Network.emulateNetworkConditions", offline),
        ("Runtime.enable", json!({})),
        ("Target.setAutoAttach", attach),
    ]
    .into_iter()
}

/// How long a page may go on moving.
const MOST_MOVING: Duration = Duration::from_secs(5);
/// Some frames, so that what moves slowly is seen to.
const BETWEEN_PICTURES: Duration = Duration::from_millis(150);

/// Ends what moves, hides the caret, and waits for the next frame, when fonts and pictures are there.
const STAND_STILL: &str = "(async () => {
    for (const animation of document.getAnimations({ subtree: true })) {
        try { animation.finish(); } catch { animation.cancel(); }
    }
    for (const media of document.querySelectorAll('audio, video')) media.pause();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    await document.fonts.ready;
    const pictures = [...document.images].filter(image => image.complete);
    await Promise.all(pictures.map(image => image.decode().catch(() => {})));
    await new Promise(done => setTimeout(done, 0));
})()";
