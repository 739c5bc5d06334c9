//! `--emperor-stats`: what the emperor knows of its servers, as JSON for each connection, with uWSGI's names.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixListener};

use super::scan::VassalFile;
use crate::config::EmperorSettings;
use crate::sys::clock::{Clock, SystemClock};

/// A client that does not read has so much time.
const LONGEST: Duration = Duration::from_secs(5);

/// What is known of one server; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct VassalStatus(Arc<Mutex<VassalFacts>>);

#[derive(Clone, Debug, Default)]
struct VassalFacts {
    /// 0 while there is none.
    process: u32,
    /// Seconds since 1970; 0 before the first start.
    first_start: i64,
    last_start: i64,
    starts: u32,
    is_ready: bool,
    pause: Duration,
}

impl VassalStatus {
    pub(super) fn started(&self, process: u32) {
        let now = SystemClock.now().unix_timestamp();
        self.change(|facts| {
            let first_start = if facts.first_start == 0 { now } else { facts.first_start };
            let starts = facts.starts.saturating_add(1);
            *facts = VassalFacts {
                process,
                first_start,
                last_start: now,
                starts,
                is_ready: false,
                pause: facts.pause,
            };
        });
    }

    pub(super) fn is_ready(&self) {
        self.change(|facts| (facts.is_ready, facts.pause) = (true, Duration::ZERO));
    }

    pub(super) fn ended(&self, pause: Duration) {
        self.change(|facts| (facts.process, facts.is_ready, facts.pause) = (0, false, pause));
    }

    fn change(&self, change: impl FnOnce(&mut VassalFacts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn shown(&self, path: &Path, file: Option<&VassalFile>) -> Value {
        let facts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let modified = file.and_then(|file| file.modified.duration_since(std::time::UNIX_EPOCH).ok());
        let (user, group) = file.and_then(|file| file.owner).unzip();
        json!({
            "id": path.display().to_string(),
            "pid": facts.process,
            "born": facts.last_start,
            "last_mod": modified.map_or(0, |time| time.as_secs()),
            "loyal": u8::from(facts.is_ready),
            "ready": u8::from(facts.is_ready),
            "accepting": u8::from(facts.is_ready),
            "first_run": facts.first_start,
            "last_run": facts.last_start,
            "uid": user.unwrap_or_default(),
            "gid": group.unwrap_or_default(),
            "respawns": facts.starts.saturating_sub(1),
        })
    }

    fn throttled(&self, path: &Path) -> Option<Value> {
        let pause = self.0.lock().unwrap_or_else(PoisonError::into_inner).pause;
        let level = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        (level > 0).then(|| json!({ "id": path.display().to_string(), "throttle_level": level }))
    }
}

/// All that is shown.
pub(super) fn shown<'a>(
    settings: &EmperorSettings,
    vassals: impl Iterator<Item = (&'a PathBuf, Option<VassalFile>, &'a VassalStatus)> + Clone,
) -> Vec<u8> {
    let throttled: Vec<_> = vassals.clone().filter_map(|(path, _, status)| status.throttled(path)).collect();
    let all: Vec<_> = vassals.map(|(path, file, status)| status.shown(path, file.as_ref())).collect();
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "uid": rustix::process::geteuid().as_raw(),
        "gid": rustix::process::getegid().as_raw(),
        "cwd": std::env::current_dir().unwrap_or_default().display().to_string(),
        "emperor": settings.places,
        "emperor_tyrant": u8::from(settings.is_tyrant),
        "throttle_level": u64::try_from(settings.throttle.as_millis()).unwrap_or(u64::MAX),
        "vassals": all,
        "blacklist": throttled,
    });
    format!("{value:#}\n").into_bytes()
}

/// Where the answers are asked for.
#[derive(Debug)]
pub(super) enum StatsSocket {
    Tcp(TcpListener),
    /// With the path of its file, which is removed at the end, and its device and inode.
    Unix(UnixListener, PathBuf, Option<(u64, u64)>),
    /// Nobody can ask.
    None,
}

impl StatsSocket {
    /// Binds an address with a port, or a path.
    ///
    /// # Errors
    /// What the system says.
    pub(super) async fn bind(address: Option<&str>) -> io::Result<Self> {
        let Some(address) = address else { return Ok(Self::None) };
        if let Some((host, port)) = address.rsplit_once(':').filter(|_| !address.starts_with('/')) {
            // As in uWSGI: every address of this machine.
            let host = if host.is_empty() { "0.0.0.0" } else { host };
            return Ok(Self::Tcp(TcpListener::bind(format!("{host}:{port}")).await?));
        }
        let path = PathBuf::from(address);
        let is_stale = || {
            // Any other file refuses connections too.
            path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket())
                && UnixStream::connect(&path)
                    .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        let listener = match UnixListener::bind(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale() => {
                std::fs::remove_file(&path)?;
                UnixListener::bind(&path)?
            }
            other => other?,
        };
        let identity = identity(&path);
        Ok(Self::Unix(listener, path, identity))
    }

    /// The next one who asks.
    pub(super) async fn asked(&self) -> Asker {
        loop {
            let accepted = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as Asker),
                Self::Unix(socket, ..) => socket.accept().await.map(|(stream, _)| Box::new(stream) as Asker),
                Self::None => std::future::pending().await,
            };
            match accepted {
                Ok(stream) => return stream,
                // Without free descriptors it would fail again at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for StatsSocket {
    fn drop(&mut self) {
        // What lies there now may be another's.
        if let Self::Unix(_, path, Some(made)) = self
            && identity(path) == Some(*made)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Device and inode of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.symlink_metadata().ok().map(|file| (file.dev(), file.ino()))
}

pub(super) type Asker = Box<dyn tokio::io::AsyncWrite + Send + Unpin>;

/// Sends what is shown, and closes the connection.
pub(super) fn send(mut asker: Asker, shown: Vec<u8>) {
    tokio::spawn(async move {
        let sent = async {
            asker.write_all(&shown).await?;
            asker.shutdown().await
        };
        // One that went away needs none.
        let _ = tokio::time::timeout(LONGEST, sent).await;
    });
}
