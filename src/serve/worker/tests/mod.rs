//! The pool against real Python: every test starts workers with a small application in a folder of
//! its own.

mod contract;
mod exceptions;
mod isolation;
mod life;
mod limits;
mod reload;
mod streams;
mod uwsgi;

use std::fs;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tempfile::TempDir;

use super::*;
use crate::protocol::marshal::DictWriter;

/// A pool, and the folder in which its application runs.
struct Served {
    pool: WorkerPool,
    folder: TempDir,
}

impl Served {
    /// One worker of one thread with this source; `None`, with a message, without python3.
    async fn new(source: &str) -> Option<Self> {
        Self::with(source, |_| {}).await
    }

    async fn with(source: &str, change: impl FnOnce(&mut WorkerConfig)) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder, source)?;
        change(&mut config);
        let pool = WorkerPool::start(config).await.unwrap();
        Some(Self { pool, folder })
    }

    /// Status and body of a path.
    async fn get(&self, path: &str) -> (u16, String) {
        text(self.pool.call(get(path)).await.unwrap()).await
    }

    async fn error(&self, path: &str) -> CallError {
        self.pool.call(get(path)).await.unwrap_err()
    }

    /// Calls a path whose answer breaks off; gives the body up to there.
    async fn broken(&self, path: &str) -> Vec<u8> {
        let mut body = self.pool.call(get(path)).await.unwrap().into_body();
        let mut bytes = Vec::new();
        loop {
            match body.frame().await.expect("the answer ends as if it were whole") {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
                Err(_) => return bytes,
            }
        }
    }

    /// Waits until close() was called so many times, and sees that it is not called again by the
    /// next request.
    async fn closed(&self, times: &str) {
        until("closed", || self.file("closed").len() >= times.len()).await;
        assert_eq!(self.file("closed"), times);
    }

    /// What the application wrote into a file.
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(in crate::serve) fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no python3");
    }
    found
}

impl Default for WorkerConfig {
    /// One thread of one process that runs `app.py`.
    fn default() -> Self {
        Self {
            application: Application::File { path: "app.py".into(), callable: None },
            mounted_at: None,
            workers: 1,
            threads: 1,
            python: None,
            virtualenv: None,
            chdir: None,
            chdir_after: None,
            post_fork: Vec::new(),
            pythonpath: vec![],
            env: vec![],
            address_space: None,
            graceful_timeout: Duration::from_secs(20),
            limits: WorkerLimits::default(),
            cheaper: Cheaper::default(),
            greenlets: None,
            monkey_patch: false,
            unset: Vec::new(),
            reload_ignored: Vec::new(),
            shows_exceptions: false,
            reload_on_change: Duration::ZERO,
            uwsgi_options: None,
        }
    }
}

fn config(folder: &TempDir, source: &str) -> Option<WorkerConfig> {
    if !has_python() {
        return None;
    }
    fs::write(folder.path().join("app.py"), source).unwrap();
    Some(WorkerConfig { chdir: Some(folder.path().to_owned()), ..WorkerConfig::default() })
}

fn get(path: &str) -> WorkerRequest {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut repeated = DictWriter::new();
    for (key, value) in [
        ("SERVER_NAME", "localhost"),
        ("SERVER_PORT", "8443"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SCRIPT_NAME", ""),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("wsgi.url_scheme", "https"),
        ("HTTP_HOST", "localhost:8443"),
    ] {
        repeated.insert(key.as_bytes(), value.as_bytes());
    }
    WorkerRequest {
        method: http::Method::GET,
        uri: path.to_owned().into(),
        path: path.to_owned().into(),
        query: query.to_owned().into(),
        remote_port: 4711,
        repeated: repeated.finish(),
        changing: None,
        body: Bytes::new(),
        rest: None,
    }
}

fn head(path: &str) -> WorkerRequest {
    WorkerRequest { method: http::Method::HEAD, ..get(path) }
}

fn post(path: &str, body: impl Into<Bytes>) -> WorkerRequest {
    let body = body.into();
    let mut changing = DictWriter::new();
    changing.insert(b"CONTENT_LENGTH", body.len().to_string().as_bytes());
    WorkerRequest { method: http::Method::POST, changing: Some(changing.finish()), body, ..get(path) }
}

/// A request whose body has yet to come, piece by piece.
fn upload(
    path: &str,
    pieces: impl Iterator<Item = io::Result<Bytes>> + Send + Unpin + 'static,
) -> WorkerRequest {
    let rest = Pieces(pieces).boxed_unsync();
    WorkerRequest { method: http::Method::POST, rest: Some(rest), ..get(path) }
}

/// A body out of an iterator.
struct Pieces<I>(I);

impl<I: Iterator<Item = io::Result<Bytes>> + Unpin> Body for Pieces<I> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.next().map(|piece| piece.map(Frame::data)))
    }
}

async fn text(response: http::Response<ResponseBody>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Waits for something that must become true.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
