//! Finding the interpreter and starting one worker process.
//!
//! The program travels by descriptor, not by path: nothing has to be installed or found.
//! Descriptors in the child: 3 the program, 4 control stream, 5 queue, 6 claims, 7 and up the
//! threads' streams (`python/certkit_worker/wire.py`).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::claims::Claims;
use super::{Application, InterpreterFault, StartError, WorkerConfig};
use crate::protocol::marshal;
use crate::sys::own_variables::OWN_VARIABLES;

/// The program's files, one after the other, as they say.
const PROGRAM: &str = concat!(
    include_str!("../../../python/certkit_worker/wire.py"),
    include_str!("../../../python/certkit_worker/checks.py"),
    include_str!("../../../python/certkit_worker/lane.py"),
    include_str!("../../../python/certkit_worker/exchange.py"),
    include_str!("../../../python/certkit_worker/application.py"),
    include_str!("../../../python/certkit_worker/greenlets.py"),
    include_str!("../../../python/certkit_worker/reloader.py"),
    include_str!("../../../python/certkit_worker/uwsgi_module.py"),
    include_str!("../../../python/certkit_worker/hooks.py"),
    include_str!("../../../python/certkit_worker/main.py"),
);

/// The version of what is spoken over the streams; a worker says which one it speaks.
const VERSION: u16 = 2;

/// Runs the program that descriptor 3 holds. Written so that Python 2 can read it too, and say that
/// it is too old; `pread`, because all workers share the descriptor's position.
const BOOTSTRAP: &str = "import os, sys; \
    sys.version_info < (3, 8) and (os.write(4, ('V' + sys.version.split()[0]).encode()), os._exit(1)); \
    SOURCE = os.pread(3, 1 << 20, 0); \
    exec(compile(SOURCE, 'certkit_worker.py', 'exec'), {'__name__': 'certkit_worker', 'SOURCE': SOURCE})";

/// What a worker may say about a failed start.
const REPORT_LIMIT: usize = 1024 * 1024;

/// Bytes of the report of a worker that has loaded the application.
const SUCCESS: usize = 3;

/// How long a worker that has said that it failed may take to leave.
const LEAVE: Duration = Duration::from_secs(1);

/// How to start workers: everything that is the same for each.
pub(super) struct Launch {
    program: PathBuf,
    /// Those before the number of workers, and those behind what is a worker's own.
    arguments: [Vec<OsString>; 2],
    /// What a worker reads before it loads the application.
    preface: Vec<u8>,
    /// Where workers run.
    folder: PathBuf,
    env: Vec<(OsString, OsString)>,
    unset: Vec<OsString>,
    threads: usize,
    source: OwnedFd,
}

/// A started worker process.
pub(super) struct Process {
    pub(super) child: Child,
    /// Closing it ends the worker at once.
    pub(super) control: UnixStream,
    /// Where its requests go; closing it tells the worker to finish and leave.
    pub(super) queue: OwnedFd,
    pub(super) streams: Vec<UnixStream>,
    pub(super) claims: Claims,
    /// What it reads before it loads the application.
    preface: Vec<u8>,
    program: PathBuf,
}

impl Launch {
    /// Finds the interpreter and prepares what workers are given. Symlinks to folders of code are
    /// resolved here, once: a worker that is started again later runs the same release as the
    /// others, wherever the links lead by then. Relative paths are meant from `base`.
    ///
    /// # Errors
    /// [`StartError::Interpreter`] when there is none, [`StartError::Folder`] when there is no such folder,
    /// [`StartError::Io`] when a descriptor cannot be had.
    pub(super) fn new(config: &WorkerConfig, base: &Path) -> Result<Self, StartError> {
        let folder = config.chdir.as_ref().map_or_else(|| base.to_owned(), |folder| base.join(folder));
        let folder = match folder.canonicalize() {
            Ok(folder) if folder.is_dir() => folder,
            found => {
                let source = found.err().unwrap_or_else(|| io::ErrorKind::NotADirectory.into());
                return Err(StartError::Folder { folder, source });
            }
        };
        let mut env = config.env.clone();
        if let Some(virtualenv) = &config.virtualenv {
            env.push(("VIRTUAL_ENV".into(), resolved(&base.join(virtualenv)).into()));
        }
        let (kind, target, callable) = match &config.application {
            Application::File { path, callable } => {
                ("file", resolved(&folder.join(path)).into_os_string(), callable)
            }
            Application::Module { module, callable } => ("module", module.into(), callable),
        };
        let mut arguments = vec!["-c".into(), BOOTSTRAP.into(), kind.into(), target];
        arguments.push(callable.clone().unwrap_or_default().into());
        arguments.push(config.threads.to_string().into());
        let mut more = vec![OsString::from(words(config))];
        // The last one is searched first, as in uWSGI and gunicorn, which put each before all others.
        more.extend(config.pythonpath.iter().rev().map(|path| resolved(&base.join(path)).into()));
        let program = interpreter(config, base)?;
        let source = memory_file("certkit-worker", PROGRAM.as_bytes())?;
        // Workers keep it for its locks (fcntl(2)); none may change what those that start later run.
        rustix::fs::fcntl_add_seals(
            &source,
            SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
        )
        .map_err(|error| io_error("make a file in memory")(error.into()))?;
        Ok(Self {
            program,
            arguments: [arguments, more],
            preface: preface(config),
            folder,
            env,
            unset: config.unset.clone(),
            threads: config.threads,
            source: source.into(),
        })
    }

    /// Starts a worker for the place of this number, of so many; it loads the application on its own, see
    /// [`Process::loaded`].
    ///
    /// # Errors
    /// [`StartError::Interpreter`], [`StartError::Io`].
    pub(super) fn start(&self, place: usize, workers: usize) -> Result<Process, StartError> {
        let claims = memory_file("certkit-claims", &vec![0; 8 * self.threads])?;
        let claims_end = claims.try_clone().map_err(io_error("start a worker"))?;
        let (control, control_end) = stream_pair()?;
        let (queue, queue_end) = queue_pair()?;
        let source = self.source.try_clone().map_err(io_error("start a worker"))?;
        let mut streams = Vec::with_capacity(self.threads);
        let mut ends = vec![source, control_end, queue_end, claims_end.into()];
        for _ in 0..self.threads {
            let (stream, end) = stream_pair()?;
            streams.push(stream);
            ends.push(end);
        }
        let mappings =
            (3..).zip(ends).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd }).collect();
        // What the application prints belongs to the log, which is standard error; standard output
        // is data.
        let stdout = io::stderr().as_fd().try_clone_to_owned().map_err(io_error("start a worker"))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments[0])
            .args([workers.to_string(), place.to_string()])
            .args(&self.arguments[1])
            .stdin(Stdio::null())
            .stdout(stdout)
            // A Ctrl-C on the terminal is for the front, which lets running requests finish.
            .process_group(0)
            .kill_on_drop(true)
            .fd_mappings(mappings)
            .map_err(|error| io_error("start a worker")(io::Error::other(error)))?;
        for variable in OWN_VARIABLES {
            command.env_remove(variable);
        }
        for variable in &self.unset {
            command.env_remove(variable);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(&self.folder);
        let child = spawn_without_privileges(&mut command).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                StartError::Interpreter { program: self.program.clone(), fault: InterpreterFault::NotFound }
            }
            _ => StartError::Io { action: format!("run {}", self.program.display()), source },
        })?;
        let claims = Claims::new(claims, self.threads);
        let preface = self.preface.clone();
        Ok(Process { child, control, queue, streams, claims, preface, program: self.program.clone() })
    }
}

impl Process {
    /// Waits until the worker has loaded the application, however long that takes.
    ///
    /// # Errors
    /// [`StartError::Application`], or [`StartError::Interpreter`] for one that is too old. The
    /// process is gone then.
    pub(super) async fn loaded(&mut self) -> Result<(), StartError> {
        // A worker that does not read it shows below why.
        let _ = self.control.write_all(&self.preface).await;
        let mut report = Vec::new();
        // The end comes with a failure's last word, or with the process.
        while report.len() < REPORT_LIMIT {
            // What comes behind the version is for later.
            let limit = if report.len() < SUCCESS { SUCCESS - report.len() } else { REPORT_LIMIT };
            match (&mut self.control).take(limit as u64).read_buf(&mut report).await {
                Ok(1..) if report.first() == Some(&b'L') => {
                    match report.get(1..3).and_then(|version| version.try_into().ok()).map(u16::from_le_bytes)
                    {
                        Some(VERSION) => return Ok(()),
                        Some(other) => return Err(StartError::Version { found: other }),
                        None => {}
                    }
                }
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        let (status, killed) = match tokio::time::timeout(LEAVE, self.child.wait()).await {
            Ok(Ok(status)) => (status.to_string(), status.signal().is_some()),
            Ok(Err(error)) => (error.to_string(), false),
            Err(_) => {
                let _ = self.child.kill().await;
                ("it closed its control stream".to_owned(), false)
            }
        };
        let text = String::from_utf8_lossy(report.get(1..).unwrap_or_default()).into_owned();
        Err(match report.first() {
            Some(b'V') => StartError::Interpreter {
                program: self.program.clone(),
                fault: InterpreterFault::TooOld { version: text },
            },
            Some(b'U') => StartError::NotFound { reason: text },
            Some(_) => StartError::Application { traceback: text },
            None => StartError::Ended { program: self.program.clone(), status, killed },
        })
    }
}

/// How a worker is to run, in words.
fn words(config: &WorkerConfig) -> String {
    let mut words = Vec::new();
    if config.greenlets.is_some() {
        words.push("gevent".to_owned());
        if config.monkey_patch {
            words.push("monkey".to_owned());
        }
    }
    if config.shows_exceptions {
        words.push("trace".to_owned());
    }
    if !config.reload_on_change.is_zero() {
        words.push(format!("change={}", config.reload_on_change.as_secs_f64()));
        // Names of modules have no blanks.
        let ignored = config.reload_ignored.iter().filter(|module| !module.contains(char::is_whitespace));
        words.push(format!("ignore={}", ignored.cloned().collect::<Vec<_>>().join(",")));
    }
    if let Some(bytes) = config.address_space {
        words.push(format!("address-space={bytes}"));
    }
    if config.uwsgi_options.is_some() {
        words.push("uwsgi".to_owned());
    }
    if let Some(folder) = &config.chdir_after {
        // In hexadecimal, since blanks separate words.
        let bytes = folder.as_os_str().as_bytes();
        words.push(format!("chdir={}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }
    if !config.post_fork.is_empty() {
        words.push("hooks".to_owned());
    }
    words.join(" ")
}

/// What a worker reads first, where it is to: the options of uWSGI and their values, a list of pairs; hooks, a list of
/// their texts. Each is `u32 length`, a marshalled list.
fn preface(config: &WorkerConfig) -> Vec<u8> {
    let mut preface = Vec::new();
    if let Some(options) = &config.uwsgi_options {
        let mut list = Vec::new();
        marshal::write_list(&mut list, u32::try_from(options.len()).unwrap_or(u32::MAX));
        for (word, value) in options {
            marshal::write_tuple(&mut list, 2);
            marshal::write_bytes(&mut list, word.as_bytes());
            marshal::write_bytes(&mut list, value.as_bytes());
        }
        with_length(&mut preface, &list);
    }
    if !config.post_fork.is_empty() {
        let mut list = Vec::new();
        marshal::write_list(&mut list, u32::try_from(config.post_fork.len()).unwrap_or(u32::MAX));
        config.post_fork.iter().for_each(|hook| marshal::write_bytes(&mut list, hook.as_bytes()));
        with_length(&mut preface, &list);
    }
    preface
}

fn with_length(out: &mut Vec<u8>, list: &[u8]) {
    out.extend(u32::try_from(list.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(list);
}

/// The interpreter to use: the one that was named, else a virtual environment's, else the first
/// `python3` on the PATH.
fn interpreter(config: &WorkerConfig, base: &Path) -> Result<PathBuf, StartError> {
    let active = || std::env::var_os("VIRTUAL_ENV").filter(|path| !path.is_empty()).map(PathBuf::from);
    let program = match (&config.python, config.virtualenv.clone().or_else(active)) {
        (Some(python), _) => python.clone(),
        (None, Some(virtualenv)) => virtualenv.join("bin/python"),
        (None, None) => PathBuf::from("python3"),
    };
    let found = if program.components().count() > 1 || program.is_absolute() {
        Some(environment_resolved(&base.join(&program)))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut programs = std::env::split_paths(&path).map(|folder| base.join(folder).join(&program));
        programs.find(|path| is_executable(path))
    };
    // Looked at here because a failed start of a child with descriptors of its own does not say why
    // it failed.
    found
        .filter(|path| is_executable(path))
        .ok_or(StartError::Interpreter { program, fault: InterpreterFault::NotFound })
}

/// A path with its symlinks resolved; as it is, if that fails: anyone who uses it says what is wrong.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// An interpreter with the symlinks to its environment resolved, and never `bin/python` itself: from
/// the name by which it is called Python finds the environment (PEP 405).
fn environment_resolved(program: &Path) -> PathBuf {
    let folder = program.parent().and_then(Path::parent);
    match folder.and_then(|folder| Some((folder.canonicalize().ok()?, program.strip_prefix(folder).ok()?))) {
        Some((folder, rest)) => folder.join(rest),
        None => program.to_owned(),
    }
}

/// Starts a program that can never gain privileges (`PR_SET_NO_NEW_PRIVS`, prctl(2)): what an
/// application runs needs no setuid program. The front itself may need one, sudo in an ACME hook
/// perhaps, so only a thread of its own, which ends here, gives the right up: the attribute is a
/// thread's, and a child has that of the thread that made it. So no code of ours runs between fork
/// and exec.
fn spawn_without_privileges(command: &mut Command) -> io::Result<Child> {
    let runtime = tokio::runtime::Handle::current();
    let spawn = || {
        rustix::thread::set_no_new_privs(true)?;
        let _entered = runtime.enter();
        command.spawn()
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, spawn)?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that starts workers panicked")))
    })
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn memory_file(name: &str, contents: &[u8]) -> Result<File, StartError> {
    let make = || {
        let mut file =
            File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
        file.write_all(contents)?;
        Ok(file)
    };
    make().map_err(io_error("make a file in memory"))
}

/// A stream of the front's, and its other end for a worker, which blocks.
fn stream_pair() -> Result<(UnixStream, OwnedFd), StartError> {
    let make = || {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((UnixStream::from_std(ours)?, theirs.into()))
    };
    make().map_err(io_error("make a socket"))
}

/// The ends of a worker's queue: the front's, and the one that its threads read. Each worker has a
/// pair of its own, for an application can do to its end what it likes.
fn queue_pair() -> Result<(OwnedFd, OwnedFd), StartError> {
    /// Room for several of the largest messages; the kernel cuts it to what is allowed.
    const ROOM: usize = 1024 * 1024;
    let make = || {
        let (writer, reader) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&writer, ROOM)?;
        Ok((writer, reader))
    };
    make().map_err(io_error("make a worker's queue"))
}

fn io_error(action: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let action = action.into();
    |source| StartError::Io { action, source }
}
