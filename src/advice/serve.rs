//! Why the server does not start, and what is worth saying about its certificates.

use std::io;
use std::path::Path;

use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::serve::Error;
use crate::serve::address::{Endpoint, ListenAddress};
use crate::serve::discover::Content;
use crate::serve::htpasswd::{HtpasswdError, UserProblem};
use crate::serve::worker::StartError;
use crate::sys::fs::plain;
use crate::sys::pid_file::PidFileError;
use crate::sys::privileges::PrivilegeError;

/// The file of an application that does not exist.
pub fn no_application_file(path: &Path) -> Failure {
    let message = format!("there is no application file `{}`", path.display());
    let finding = Finding::error(Code::ApplicationFailed, message);
    Failure::new(finding.fix("Name a file that exists; it is looked for in the folder of --chdir.")).status(1)
}

/// The server was started as root, and so is the application, if there is one.
pub fn runs_as_root(content: &Content) -> Finding {
    let message = match content {
        Content::Application(_) | Content::Mounts => {
            "certkit and the application run as root: a flaw in either gives an attacker control of this \
             machine"
        }
        Content::Folder(_) | Content::Upstreams | Content::Nothing => {
            "certkit runs as root: a flaw in it gives an attacker control of this machine"
        }
    };
    let fix = "Name a user with `--user USER`, or in an option file with `uid = USER`: certkit becomes this user as soon as ports, \
         keys and logs are open.";
    Finding::warning(Code::Permission, message).fix(fix)
}

/// The file of a private key or of its password, `what`, that its group or all users may read.
pub fn readable_by_others(what: &str, file: &Path, mode: u32) -> Finding {
    let file = file.display().to_string();
    let message = format!("users other than the owner can read {what} `{file}` (mode {mode:o})");
    let fix = format!("Run `chmod 600 {}`.", shell_word(&file));
    Finding::warning(Code::Permission, message).at(Location::file(file)).fix(fix)
}

/// The files of a certificate that is in use have vanished.
pub fn files_gone(name: &str, fullchain: &Path) -> Finding {
    let message = format!(
        "the files of `{name}` are gone; the server keeps the certificate that \
                           it read before"
    );
    Finding::warning(Code::NotFound, message).at(Location::file(fullchain.display().to_string()))
}

/// A certificate of this server's `--acme` was revoked.
pub fn revoked() -> Finding {
    let fix = format!("Run `kill -HUP {}` to obtain a new one.", std::process::id());
    Finding::warning(Code::Revoked, "the certificate is revoked and will not be renewed").fix(fix)
}

/// An error that does not stop the start.
pub fn as_warning(finding: Finding) -> Finding {
    Finding { severity: Severity::Warning, ..finding }
}

/// What a running server says of a certificate that it cannot use, beside others that it takes.
pub fn kept_in_use(mut finding: Finding) -> Finding {
    finding.message += "; the one that was read before stays in use";
    as_warning(finding)
}

/// The same finding, said of one of several certificates.
pub fn about(name: &str, finding: Finding) -> Finding {
    Finding { message: format!("{name}: {}", finding.message), ..finding }
}

/// The event loop or its threads cannot be started.
pub fn no_event_loop(error: &io::Error) -> Failure {
    Finding::error(Code::Io, format!("cannot start the server: {}", plain(error))).into()
}

/// A server that cannot be started in the background.
pub fn not_in_background(error: &io::Error) -> Failure {
    let message = format!("cannot start in the background: {}", plain(error));
    Finding::error(Code::Io, message).fix("Start it without --daemonize.").into()
}

/// A log file that cannot be opened.
pub fn no_log_file(name: &str, error: &io::Error) -> Failure {
    let message = format!("cannot write the log file `{name}`: {}", plain(error));
    Finding::error(Code::Io, message).fix(ANOTHER_FOLDER).into()
}

const ANOTHER_FOLDER: &str = "Name a file in a folder that you may write to.";

/// An emperor in a process that is to do something else too.
pub fn emperor_with(other: &str) -> Failure {
    let message =
        format!("--emperor serves the option files of a folder, and nothing else: {other} is set too");
    Finding::error(Code::InvalidSetting, message)
        .fix("Write what else is to be served into an option file in that folder.")
        .into()
}

/// The socket of `--emperor-stats` cannot be bound.
pub fn no_emperor_stats(error: &io::Error) -> Failure {
    let message = format!("cannot listen for --emperor-stats: {}", plain(error));
    Finding::error(Code::Io, message).fix("Name another address, or a path that you may use.").into()
}

/// Commands beside a server in another root folder.
pub fn daemons_in_chroot() -> Failure {
    Finding::error(Code::InvalidSetting, "--attach-daemon does not work together with --chroot")
        .fix("Start the command from a unit or script of its own.")
        .into()
}

/// A tyrant that cannot start servers as other users.
pub fn tyrant_without_root() -> Failure {
    Finding::error(
        Code::Permission,
        "--emperor-tyrant needs root, to start each server as the owner of its file",
    )
    .fix("Start certkit as root and without --user, or omit --emperor-tyrant.")
    .into()
}

/// A file of `--flock` that cannot be locked.
pub fn not_locked(path: &Path, error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::ResourceBusy => format!("another process has locked `{}`", path.display()),
        _ => format!("cannot lock `{}`: {}", path.display(), plain(error)),
    };
    let fix = "Stop the other process, or name a file that exists; `fuser FILE` lists who has it open.";
    Finding::error(Code::Io, message).fix(fix).into()
}

/// A named pipe for commands that cannot be made or opened.
pub fn no_control_fifo(path: &Path, error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("cannot take commands from `{}`: it is not a named pipe", path.display())
        }
        _ => format!("cannot take commands from `{}`: {}", path.display(), plain(error)),
    };
    Finding::error(Code::Io, message)
        .fix("Name another file with --control-fifo, in an option file with `master-fifo`.")
        .into()
}

impl From<PrivilegeError> for Failure {
    fn from(error: PrivilegeError) -> Self {
        let (code, fix) = match &error {
            PrivilegeError::NotRoot { .. } => {
                (Code::Permission, "Start certkit as root, or omit the option.".to_owned())
            }
            PrivilegeError::NoUser(name) if name.is_empty() => {
                (Code::InvalidSetting, "Name a user.".to_owned())
            }
            PrivilegeError::NoUser(name) => {
                (Code::InvalidSetting, format!("Name a user that exists, or create it: `useradd -r {name}`."))
            }
            PrivilegeError::NoGroup(name) if name.is_empty() => {
                (Code::InvalidSetting, "Name a group.".to_owned())
            }
            PrivilegeError::NoGroup(name) => {
                (Code::InvalidSetting, format!("Name a group that exists, or create it: `groupadd -r {name}`."))
            }
            PrivilegeError::GroupUnknown(_) => (
                Code::InvalidSetting,
                "Name its group with --group, or in an option file with `gid = GROUP`.".to_owned(),
            ),
            PrivilegeError::System { .. } | PrivilegeError::StillRoot(_) => (
                Code::Permission,
                "Check what the service manager or the container allows: root needs CAP_SETUID, CAP_SETGID and, \
                 for --chroot, CAP_SYS_CHROOT."
                    .to_owned(),
            ),
        };
        Finding::error(code, error.to_string()).fix(fix).into()
    }
}

/// The process that stays root cannot be started.
pub fn no_keeper(error: &io::Error) -> Failure {
    let message = format!("cannot start the process that opens files as root: {}", plain(error));
    Finding::error(Code::Io, message)
        .fix("Start certkit as the user itself, without --user and --chroot.")
        .into()
}

/// A unix socket that the user of `--user` cannot be given.
pub fn no_socket_owner(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot change the owner of the socket `{}`: {}", path.display(), plain(error));
    Finding::error(Code::Permission, message)
        .fix("Name a socket in a folder that only root may write to.")
        .into()
}

impl From<PidFileError> for Failure {
    fn from(error: PidFileError) -> Self {
        let message = error.to_string();
        match error {
            PidFileError::InUse { .. } => Finding::error(Code::OutputExists, message)
                .fix("Stop that server, or name another file with --pidfile.")
                .into(),
            PidFileError::Io { .. } => Finding::error(Code::Io, message).fix(ANOTHER_FOLDER).into(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::AccessLog { path, .. } => Finding::error(Code::Io, message)
                .at(Location::file(path.display().to_string()))
                .fix(
                    "Name another file with --access-log, or disable the log with `--access-log \
                      off`.",
                )
                .into(),
            Error::AjpSecret { path, .. } => Finding::error(Code::InvalidSetting, message)
                .at(Location::file(path.display().to_string()))
                .fix("Write the secret into its first line, as in `openssl rand -hex 16 > FILE`, and name the file \
                      with --ajp-secret-file.")
                .into(),
            Error::AjpSecretGone => Finding::error(Code::InvalidSetting, message)
                .fix("Name the file again, or restart the server without that listener.")
                .into(),
            Error::Users { path, source } => {
                let path = path.display().to_string();
                let (location, fix) = match &source {
                    HtpasswdError::Line { line, problem } => {
                        (Location::line(path.clone(), *line), users_fix(problem, &path))
                    }
                    HtpasswdError::Empty => {
                        (Location::file(path.clone()), format!("Add a user: `htpasswd -B {path} NAME`."))
                    }
                    HtpasswdError::Read(_) => (
                        Location::file(path.clone()),
                        format!("Name a file that certkit may read, or make it: `htpasswd -B -c {path} NAME`."),
                    ),
                };
                Finding::error(Code::InvalidSetting, message).at(location).fix(fix).into()
            }
            Error::PageFile { path, .. } => Finding::error(Code::InvalidSetting, message)
                .at(Location::file(path.display().to_string()))
                .fix("Name a file of at most 1 MiB that certkit may read with --error-page.")
                .into(),
            Error::RedirectLoop { .. } => Finding::error(Code::InvalidSetting, message)
                .fix("Redirect to a path that is not redirected itself; `certkit serve --help` shows the form.")
                .into(),
            Error::SocketTwice(_) => Finding::error(Code::InvalidSetting, message)
                .fix("Give each listener a socket of its own.")
                .into(),
            Error::AjpWithoutSecret(_) => Finding::error(Code::InvalidSetting, message)
                .fix("Listen on 127.0.0.1 or on a unix socket, or name a file with a secret with --ajp-secret-file and \
                      set it in the front server (Apache: `ProxyPass ... secret=`).")
                .into(),
            Error::ProxyProtocolWithoutProxies => Finding::error(Code::InvalidSetting, message)
                .fix("Name the load balancers with --trust-proxy, for example `--trust-proxy 10.0.0.0/8`.")
                .into(),
            Error::UpstreamRoot(prefix) => Finding::error(Code::InvalidSetting, message)
                .fix(format!("Add `--upstream {prefix}=fcgi://ADDRESS`, or name the path of an upstream that is there."))
                .into(),
            Error::Bind { address, source } => cannot_listen(message, &address, &source).into(),
            Error::Folder { path, source } => {
                let code = match source.kind() {
                    io::ErrorKind::NotFound => Code::NotFound,
                    io::ErrorKind::PermissionDenied => Code::Permission,
                    _ => Code::Io,
                };
                Finding::error(code, message)
                    .at(Location::file(path.display().to_string()))
                    .fix("Name a folder that exists and that you may read.")
                    .into()
            }
            Error::Rules(_) => Finding::error(Code::InvalidSetting, message)
                .fix("Put the label behind the rule that jumps to it; docs/rules.md lists what rules can do.")
                .into(),
            Error::Worker(error) => of_application(&error, message),
            Error::Mount { source, .. } | Error::Site { source, .. } => of_application(&source, message),
            _ => Finding::error(Code::Io, message).into(),
        }
    }
}

fn cannot_listen(message: String, address: &ListenAddress, source: &io::Error) -> Finding {
    let (code, fix) = match (source.kind(), &address.endpoint) {
        (io::ErrorKind::AddrInUse, Endpoint::Tcp { port, .. }) => (
            Code::AddressInUse,
            format!(
                "Find the program with `ss -ltnp 'sport = :{port}'` and stop it, or name another port with \
                 --listen."
            ),
        ),
        (io::ErrorKind::AddrInUse, Endpoint::Unix(path)) => (
            Code::AddressInUse,
            format!(
                "Find the program with `ss -lxp src {}` and stop it, or name another path.",
                path.display()
            ),
        ),
        (io::ErrorKind::AlreadyExists, _) => {
            (Code::OutputExists, "Name another path with --listen.".to_owned())
        }
        (io::ErrorKind::PermissionDenied, Endpoint::Tcp { port: 1..1024, .. }) => (
            Code::Permission,
            "Name a port from 1024 on, or run `sudo setcap cap_net_bind_service=+ep $(command -v \
             certkit)` to allow low ports."
                .to_owned(),
        ),
        (io::ErrorKind::PermissionDenied, _) => {
            (Code::Permission, "Name an address or path that you may use, with --listen.".to_owned())
        }
        (io::ErrorKind::NotFound, Endpoint::Unix(path)) => {
            let folder = path.parent().unwrap_or(path).display();
            (Code::NotFound, format!("Create the folder `{folder}`, or name another path."))
        }
        (io::ErrorKind::AddrNotAvailable, _) => (
            Code::InvalidSetting,
            "Name an address of this machine; `ip -brief address` lists \
                                    them."
                .to_owned(),
        ),
        _ => (Code::Io, "Check the address: --listen takes ADDRESS:PORT.".to_owned()),
    };
    Finding::error(code, message).fix(fix)
}

/// Why an application does not start.
fn of_application(error: &StartError, message: String) -> Failure {
    let (code, fix) = match error {
        StartError::Interpreter { .. } => {
            let fix = "Name the interpreter with --python or the virtual environment with \
                       --virtualenv, or install Python: `apt install python3`.";
            return Finding::error(Code::InterpreterNotFound, message).fix(fix).into();
        }
        StartError::Application { .. } => (
            Code::ApplicationFailed,
            "Correct what the last line reports. Packages come from the environment of \
             --virtualenv, modules from --chdir and --pythonpath.",
        ),
        StartError::NotFound { .. } => (
            Code::ApplicationFailed,
            "Name the file or module, and its WSGI callable if that is not `application`, for \
             example `certkit serve FILE.py:CALLABLE`. Both are looked for in the folder of --chdir.",
        ),
        StartError::Ended { .. } => (
            Code::ApplicationFailed,
            "Import the application by hand to see why Python ended: `python3 -X faulthandler \
             -c 'import ...'`.",
        ),
        StartError::Folder { .. } => {
            let fix = "Create the folder, or name another one: --chdir, in an option file `chdir`.";
            return Finding::error(Code::NotFound, message).fix(fix).into();
        }
        _ => return Finding::error(Code::Io, message).into(),
    };
    Failure::new(Finding::error(code, message).fix(fix)).status(1)
}
/// How to fix a line of a file with users.
fn users_fix(problem: &UserProblem, path: &str) -> String {
    match problem {
        UserProblem::NoPassword | UserProblem::NoName => {
            "Write a line as NAME:HASH, or begin it with `#` to make it a comment.".to_owned()
        }
        UserProblem::Format(_) | UserProblem::Broken => {
            format!("Set the password of this user again: `htpasswd -B {path} NAME`.")
        }
        UserProblem::Cost(_) => {
            format!("Set the password again with less cost: `htpasswd -B -C 12 {path} NAME`.")
        }
    }
}
