use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time;

use crate::page::Page;
use crate::pipe::Pipe;
use crate::{Config, LaunchError, PageError, Rules, find};

/// A running browser. Dropped, it is killed and its profile removed.
#[derive(Debug)]
pub struct Browser {
    pipe: Arc<Pipe>,
    config: Config,
    child: Child,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser with an empty profile, without a window.
    ///
    /// For root it runs without its sandbox, which it refuses to set up for root: be another user, or in a container, to
    /// open pages that you do not trust.
    ///
    /// # Errors
    ///
    /// Fails when there is no browser ([`LaunchError::NotFound`] says what to install), or none that can be driven.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves nothing behind.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub async fn launch(config: Config) -> Result<Self, LaunchError> {
        let binary = config.binary.clone().or_else(find);
        let binary = binary.ok_or(LaunchError::NotFound)?;
        let started = |error| LaunchError::Start(binary.clone(), error);
        let profile = tempfile::Builder::new()
            .prefix("dragline-browser-")
            .tempdir();
        let profile = profile.map_err(started)?;
        let mut child = command(&binary, profile.path(), config.viewport)
            .spawn()
            .map_err(started)?;
        let (reader, writer) = (child.stdout.take(), child.stdin.take());
        let pipe = Pipe::new(
            reader.expect("piped"),
            writer.expect("piped"),
            config.timeout,
        );
        let browser = Self {
            pipe: Arc::new(pipe),
            config,
            child,
            profile,
        };
        // A link to what is no page would otherwise leave files where the browser likes.
        let deny = json!({ "behavior": "deny" });
        let denied = browser
            .pipe
            .call(None, "Browser.setDownloadBehavior", deny)
            .await;
        denied.map_err(LaunchError::NoAnswer)?;
        Ok(browser)
    }

    /// Opens an empty page, like a tab. Pages do not disturb each other, but for the cookies they share.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may leave an empty page open until the browser ends.
    pub async fn page(&self, rules: Rules) -> Result<Page, PageError> {
        Page::create(Arc::clone(&self.pipe), &self.config, rules).await
    }

    /// Ends the browser, as one would close its last window.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it kills the browser, as its drop does.
    pub async fn close(mut self) {
        self.pipe.tell(None, "Browser.close", &json!({}));
        // What does not end is killed, on drop.
        let _ = time::timeout(LONGEST_END, self.child.wait()).await;
    }
}

impl Drop for Browser {
    /// Blocks until the process and the profile are gone, some milliseconds.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let end = Instant::now() + LONGEST_END;
        let wait = || {
            thread::sleep(Duration::from_millis(2));
            Instant::now() < end
        };
        while matches!(self.child.try_wait(), Ok(None)) && wait() {}
        // Its helpers end when they see that it has, and may write until then.
        while fs::remove_dir_all(self.profile.path()).is_err()
            && self.profile.path().exists()
            && wait()
        {}
    }
}

/// How long a browser may take to end.
const LONGEST_END: Duration = Duration::from_secs(5);

fn command(binary: &Path, profile: &Path, (width, height): (u32, u32)) -> Command {
    // The protocol's pipe is the child's descriptors 3 and 4. To give a child more than its first three needs unsafe code,
    // or a shell, which then becomes the browser.
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
        ])
        .arg(binary)
        .args(FLAGS)
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if is_root(profile) {
        command.arg("--no-sandbox");
    }
    command.arg("about:blank");
    command
}

/// Tells by the owner of a folder that we have made.
fn is_root(own: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(own).is_ok_and(|metadata| metadata.uid() == 0)
}

const FLAGS: [&str; 25] = [
    "--headless=new",
    "--remote-debugging-pipe",
    // Nothing of its own, and nothing to anyone but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-proxy-server",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    "--mute-audio",
    // Containers have little of it.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    // Of many pages none is in the background.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    // The same pixels on every machine, at every moment.
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--font-render-hinting=none",
    "--blink-settings=imageAnimationPolicy=2",
];
