//! Python worker processes that run one WSGI application (PEP 3333).
//!
//! The front (this process) keeps the network and the TLS key and has no Python in it; the
//! application runs in child processes of the user's own interpreter, so a crash stays there. Each
//! worker has a queue of its own, from which its threads take requests; every thread answers over a
//! stream of its own.
//!
//! | file | what it does |
//! |---|---|
//! | `mod` | what the rest of the server sees: [`WorkerPool`], requests, errors |
//! | `queue` | which request goes into which message to which worker; no I/O, as the next two |
//! | `waiting` | the requests that wait for a worker |
//! | `in_flight` | the messages that workers have, what became of their requests, what a crash cost |
//! | `message` | requests for a worker, as bytes |
//! | `frame` | the frames on a worker thread's stream, as bytes |
//! | `link` | one worker thread's stream: answers, streamed bodies, bodies that are asked for |
//! | `response` | a worker's answer to a [`http::Response`], checked |
//! | `body` | the body of an answer, and the credit that its pieces take up |
//! | `claims` | which request each thread is running |
//! | `process` | finding the interpreter, starting a worker |
//! | `life` | one worker's life: loading, serving, retiring, gone |
//! | `state` | where a worker is in its life, and why it ends |
//! | `live` | a worker that serves, as its generation knows it |
//! | `limits` | how long a worker serves, and a request may take |
//! | `watchdog` | looks at both now and then |
//! | `cheaper` | how many workers there are when their number follows the requests |
//! | `history` | what the workers of each place have done, over all generations |
//! | `status` | what a pool does now |
//! | `supervisor` | a generation's workers: starting all, keeping each place filled |
//! | `generation` | one load of the code: its queue, its workers, how it ends |
//! | `pool` | the generation in use, and those on their way out |
//!
//! `python/certkit_worker` is the other side, and the first lines of its `wire.py` are the
//! description of what goes over the wire. Workers belong to the tokio runtime that
//! [`WorkerPool::start`] is called on; one thread is enough. Requests may come from any other.

mod body;
mod cheaper;
mod claims;
mod frame;
mod generation;
mod history;
mod in_flight;
mod life;
mod limits;
mod link;
mod live;
mod message;
mod pool;
mod process;
mod queue;
mod response;
mod state;
mod status;
mod supervisor;
#[cfg(test)]
mod tests;
mod waiting;
mod watchdog;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::oneshot;

pub use body::ResponseBody;
pub use cheaper::Cheaper;
pub use limits::WorkerLimits;
pub use status::{PoolStatus, ThreadStatus, WorkerActivity, WorkerStatus};
#[cfg(test)]
pub(in crate::serve) use tests::has_python;

use pool::Pool;
pub use pool::PreparedReload;
use waiting::Call;

use crate::sys::fs::plain;

/// A request's body as it comes from the client. An `Err` means that it will never be complete.
pub type RequestBody = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    pub application: Application,
    /// Where it is among several, for the log; `None` for the one at the root.
    pub mounted_at: Option<String>,
    /// Number of processes, at least 1.
    pub workers: usize,
    /// Threads in each, at least 1.
    pub threads: usize,
    /// The interpreter; else the virtual environment's, else `$VIRTUAL_ENV/bin/python`, else
    /// `python3` on the PATH.
    pub python: Option<PathBuf>,
    /// A virtual environment's folder.
    pub virtualenv: Option<PathBuf>,
    /// The folder in which workers run; a file application is looked for from there.
    pub chdir: Option<PathBuf>,
    /// The folder that they change to when they have loaded the application.
    pub chdir_after: Option<PathBuf>,
    /// Folders put before the interpreter's own module path.
    pub pythonpath: Vec<PathBuf>,
    /// Environment variables of the workers, beside the inherited ones.
    pub env: Vec<(OsString, OsString)>,
    /// Inherited variables that they do not get.
    pub unset: Vec<OsString>,
    /// Bytes of address space of each (setrlimit(2), RLIMIT_AS).
    pub address_space: Option<u64>,
    /// How long running requests may take after [`WorkerPool::stop`].
    pub graceful_timeout: Duration,
    /// When workers are replaced.
    pub limits: WorkerLimits,
    pub cheaper: Cheaper,
    /// Requests that a worker runs at once in greenlets of gevent, in one thread instead of `threads`.
    pub greenlets: Option<usize>,
    /// With greenlets: gevent takes the place of Python's own modules before the application is loaded.
    pub monkey_patch: bool,
    /// Whether clients on this machine get the traceback of an exception.
    pub shows_exceptions: bool,
    /// How often workers look for files of the code that have changed, to ask for a reload; zero for never.
    pub reload_on_change: Duration,
    /// Modules whose changes do not count.
    pub reload_ignored: Vec<String>,
    /// The options of uWSGI and their values, if the settings came from those: only then the modules `uwsgi` and
    /// `uwsgidecorators` can be imported. An empty value is a word without one.
    pub uwsgi_options: Option<Vec<(String, String)>>,
    /// What each worker does when it has loaded the application: hooks of uWSGI, `ACTION:ARGUMENT`.
    pub post_fork: Vec<String>,
}

impl WorkerConfig {
    /// What the log calls the worker at a place.
    fn worker(&self, place: usize) -> String {
        match &self.mounted_at {
            Some(at) => format!("worker {place} of {at}"),
            None => format!("worker {place}"),
        }
    }
}

/// Where the WSGI callable is. The callable's default name is `application`; a dotted name goes
/// through attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Application {
    /// A Python file of any name; its folder goes onto the module path.
    File {
        /// The file, absolute or from the workers' folder.
        path: PathBuf,
        callable: Option<String>,
    },
    /// A module that can be imported from the workers' folder or the module path.
    Module { module: String, callable: Option<String> },
}

impl std::fmt::Display for Application {
    /// `app.py:app` or `pkg.mod:app`, as on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let callable = match self {
            Self::File { path, callable } => {
                write!(f, "{}", path.display())?;
                callable
            }
            Self::Module { module, callable } => {
                f.write_str(module)?;
                callable
            }
        };
        callable.as_ref().map_or(Ok(()), |callable| write!(f, ":{callable}"))
    }
}

/// A request for the application. The header fields are CGI variables already (RFC 3875 section
/// 4.1).
#[derive(Debug)]
pub struct WorkerRequest {
    pub method: http::Method,
    /// The request target as it came, for REQUEST_URI and RAW_URI.
    pub uri: Bytes,
    pub path: Bytes,
    /// QUERY_STRING: as it came, without the question mark.
    pub query: Bytes,
    /// REMOTE_PORT; 0 leaves it out (unix sockets have none).
    pub remote_port: u16,
    /// A marshalled dict ([`DictWriter`](crate::protocol::marshal::DictWriter)) of everything that
    /// one client sends again and again: workers look these bytes up instead of decoding them.
    pub repeated: Vec<u8>,
    /// A marshalled dict of the rest: cookies, Content-Length and the like.
    pub changing: Option<Vec<u8>>,
    /// The part of the body that is here already.
    pub body: Bytes,
    /// The rest of it, which is read only when the application reads.
    pub rest: Option<RequestBody>,
}

/// Why the workers cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The interpreter cannot be run.
    #[error("cannot run the Python interpreter {}: {fault}", .program.display())]
    Interpreter { program: PathBuf, fault: InterpreterFault },
    /// The application did not load.
    #[error("the application failed to load\n{}", .traceback.trim_end())]
    Application { traceback: String },
    /// The worker ended while it loaded the application, and said nothing.
    #[error("the application failed to load: {} ended: {status}", .program.display())]
    Ended { program: PathBuf, status: String, killed: bool },
    /// There is no such file or module, or no callable in it.
    #[error("the application failed to load: {reason}")]
    NotFound { reason: String },
    /// The worker speaks another version of the protocol than this program.
    #[error("the worker uses version {found} of the worker protocol, which this program does not support")]
    Version { found: u16 },
    /// The pool stops before the application was loaded.
    #[error("the server is stopping")]
    Stopping,
    #[error("cannot change to the folder `{}`: {}", .folder.display(), plain(source))]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot {action}: {}", plain(source))]
    Io {
        action: String,
        #[source]
        source: io::Error,
    },
}

/// What is wrong with an interpreter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterpreterFault {
    /// No such file, or none on the PATH, or it may not be run.
    #[error("not found, or not executable")]
    NotFound,
    /// It is older than [`OLDEST_PYTHON`].
    #[error("it is Python {version}; at least {OLDEST_PYTHON} is needed")]
    TooOld {
        /// Its version, such as `3.6.15`.
        version: String,
    },
}

/// The oldest Python that can run a worker.
pub const OLDEST_PYTHON: &str = "3.8";

/// Why a request has no answer from the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The worker died while it ran this request, or was killed for a protocol error.
    #[error("the worker died while it handled the request")]
    Died,
    /// The application raised before any output; its traceback is on standard error.
    #[error("the application failed")]
    Failed,
    /// The pool is stopping.
    #[error("the server is stopping")]
    Stopped,
    /// The variables alone are larger than a message can be.
    #[error("the request header fields are too large")]
    TooLarge,
    /// The application held a thread for longer than is allowed.
    #[error("the application did not answer in time")]
    TimedOut,
    /// No worker can load the application any more, or too many requests wait already.
    #[error("no worker is available")]
    Unavailable,
}

impl CallError {
    /// The status to answer with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Died => StatusCode::BAD_GATEWAY,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stopped | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// The workers of one application. Clones are handles of the same pool.
///
/// When the process ends without [`stop`](Self::stop), even by `kill -9`, the workers notice and
/// end at once.
#[derive(Clone)]
pub struct WorkerPool {
    shared: Arc<Pool>,
}

/// How often a pool that retires looks for other handles.
const LOOK_FOR_HANDLES: Duration = Duration::from_millis(20);

impl WorkerPool {
    /// Starts the workers and waits until every one has loaded the application.
    ///
    /// # Errors
    /// The first worker's trouble; then none is left running.
    pub async fn start(config: WorkerConfig) -> Result<Self, StartError> {
        Ok(Self { shared: Arc::new(Pool::start(config).await?) })
    }

    /// Loads the code again, into new workers. Once [switched](PreparedReload::switch) they take over: new requests
    /// and those that no worker has yet go to them, while the old ones finish what they run within their graceful
    /// timeout, streams too. The folders of the code are resolved anew, so this is how a release
    /// behind a symlink is switched. Several reloads come one after the other. To be called on the
    /// runtime that [`start`](Self::start) was called on; dropping the future gives the reload up.
    ///
    /// # Errors
    /// That of the first new worker that did not load the application; then nothing has changed.
    pub async fn prepare(&self, config: WorkerConfig) -> Result<PreparedReload, StartError> {
        Arc::clone(&self.shared).prepare(config).await
    }

    /// [Prepares](Self::prepare) and switches.
    #[cfg(test)]
    pub async fn reload(&self, config: WorkerConfig) -> Result<(), StartError> {
        self.prepare(config).await.map(PreparedReload::switch)
    }

    /// Runs one request. Dropping the future has no effect on a worker: a request that was not
    /// begun is forgotten, a running one runs to its end and its answer is thrown away. Dropping
    /// the body of the answer stops the application.
    ///
    /// # Errors
    /// [`CallError`] says with which status to answer. An error after the answer has begun shows in
    /// its body.
    pub async fn call(&self, request: WorkerRequest) -> Result<http::Response<ResponseBody>, CallError> {
        let (reply, answer) = oneshot::channel();
        self.shared.submit(Call { request, reply })?;
        // The sender is dropped unused only when the runtime goes down.
        answer.await.unwrap_or(Err(CallError::Stopped))
    }

    /// Takes no new requests, lets the running ones finish within the graceful timeout, then ends
    /// the workers; when it returns, no child process is left.
    pub async fn stop(&self) {
        let graceful_timeout = self.shared.current().config.graceful_timeout;
        self.stop_by(Instant::now() + graceful_timeout).await;
    }

    /// As [`stop`](Self::stop), but lets requests still come through other handles of this pool, as
    /// those do whose bodies are on their way, until the graceful timeout or until there are none.
    pub async fn retire(self) {
        let deadline = Instant::now() + self.shared.current().config.graceful_timeout;
        while Arc::strong_count(&self.shared) > 1 && Instant::now() < deadline {
            tokio::time::sleep(LOOK_FOR_HANDLES).await;
        }
        self.stop_by(deadline).await;
    }

    /// Waits until a worker asks for a reload: a file has changed, or the application wants it.
    pub async fn reload_asked(&self) {
        let asked = &self.shared.reload_asked;
        // The sender lives as long as the pool.
        let _ = asked.subscribe().wait_for(|asked| *asked).await;
        asked.send_replace(false);
    }

    /// Starts `by` further workers, or lets as many leave if it is negative; the last one stays. To be called on the
    /// runtime that [`start`](Self::start) was called on. A reload goes back to the number of its settings.
    pub fn change_workers(&self, by: i32) {
        supervisor::change_workers(&self.shared.current(), by);
    }

    /// What the workers do now. Takes a moment; nothing waits for anything but locks that are held for less.
    pub fn status(&self) -> PoolStatus {
        self.shared.status()
    }

    /// As [`stop`](Self::stop), for a caller who has spent a part of the timeout already.
    pub async fn stop_by(&self, deadline: Instant) {
        self.shared.stop(deadline).await;
    }
}

impl std::fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool").field("config", &self.shared.current().config).finish_non_exhaustive()
    }
}
