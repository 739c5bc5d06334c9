//! What `serve` says: that it runs and where, or why it does not start.

use std::io;

use super::discover::{Found, describe};
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::config::{Root, ServeConfig};
use crate::serve::worker::StartError;
use crate::serve::{self};
use crate::sources::localhost::word;
use crate::sys::fs::plain;
use std::path::PathBuf;

/// Under which name clients reach the server, and what they must trust.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// A name of the first certificate.
    pub(crate) name: Option<String>,
    /// The CA of one's own that it comes from.
    pub(crate) ca: Option<PathBuf>,
}

/// The lines that say what is served, and by whom it was chosen.
pub(super) fn what(found: &Found, config: &ServeConfig, named_by: Option<&str>) -> String {
    let by = named_by.map(|file| format!(", named by {file}")).unwrap_or_default();
    match (found, &config.root) {
        (Found::Application(application), Root::Application(workers)) => format!(
            "serving {}{by}: {} with {}",
            describe(application),
            count(workers.workers, "worker"),
            count(workers.threads, "thread"),
        ),
        (Found::Folder(folder), _) => format!("serving the files in {}", folder.display()),
        _ if !config.folders.is_empty() => {
            let folders: Vec<_> =
                config.folders.iter().map(|(_, folder)| folder.display().to_string()).collect();
            format!("serving the files in {}", folders.join(", "))
        }
        _ => "no application found here; serving a page that says what to do next".to_owned(),
    }
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Where to look: one address per listener.
pub(super) fn places(addresses: &[ListenAddress], identity: &Identity) -> Vec<String> {
    let mut places: Vec<_> = addresses.iter().map(|address| url(address, identity)).collect();
    places.dedup();
    places
}

fn url(address: &ListenAddress, identity: &Identity) -> String {
    match (&address.endpoint, address.scheme) {
        (Endpoint::Tcp { port, .. }, Scheme::Https | Scheme::Http) => {
            let name = host(address, identity);
            let default = if address.scheme == Scheme::Https { 443 } else { 80 };
            let port = if *port == default { String::new() } else { format!(":{port}") };
            format!("{}://{name}{port}/", address.scheme.as_str())
        }
        _ => address.to_string(),
    }
}

/// The name that the certificate is for; without one, the address itself.
fn host(address: &ListenAddress, identity: &Identity) -> String {
    if address.scheme == Scheme::Https
        && let Some(name) = &identity.name
    {
        return name.clone();
    }
    match &address.endpoint {
        Endpoint::Tcp { host, .. } if host.is_empty() => "localhost".to_owned(),
        Endpoint::Tcp { host, .. } if host.contains(':') => format!("[{host}]"),
        Endpoint::Tcp { host, .. } => host.clone(),
        Endpoint::Unix(_) => "localhost".to_owned(),
    }
}

/// The next command: asking the server something.
pub(super) fn next(addresses: &[ListenAddress], identity: &Identity) -> Option<String> {
    let address = addresses.iter().min_by_key(|address| match address.scheme {
        Scheme::Https => 0,
        Scheme::Http => 1,
        Scheme::Uwsgi => 2,
    })?;
    if address.scheme == Scheme::Uwsgi {
        let place = match &address.endpoint {
            Endpoint::Tcp { .. } => address.endpoint.to_string(),
            Endpoint::Unix(path) => format!("unix:{}", path.display()),
        };
        return Some(format!("in nginx: location / {{ include uwsgi_params; uwsgi_pass {place}; }}"));
    }
    let mut command = "curl".to_owned();
    if let (Some(ca), Scheme::Https) = (&identity.ca, address.scheme) {
        command += &format!(" --cacert {}", word(ca));
    }
    let name = host(address, identity);
    match &address.endpoint {
        Endpoint::Unix(path) => command += &format!(" --unix-socket {}", word(path)),
        Endpoint::Tcp { host, port }
            if address.scheme == Scheme::Https && name != "localhost" && *host != name =>
        {
            let to = match host.as_str() {
                "" => "127.0.0.1".to_owned(),
                host if host.contains(':') => format!("[{host}]"),
                host => host.to_owned(),
            };
            command += &format!(" --resolve {name}:{port}:{to}");
        }
        Endpoint::Tcp { .. } => {}
    }
    let url = match &address.endpoint {
        Endpoint::Tcp { .. } => url(address, identity),
        Endpoint::Unix(_) => format!("{}://{name}/", address.scheme.as_str()),
    };
    Some(format!("{command} {url}"))
}

/// Why the server does not start.
pub(super) fn cannot_start(error: serve::Error) -> Failure {
    match error {
        serve::Error::Bind { address, source } => cannot_bind(&address, &source).into(),
        serve::Error::Worker(error) => application_failed(error),
        serve::Error::AccessLog { path, source } => {
            let message = format!("cannot write the access log {}: {}", path.display(), plain(&source));
            Finding::error(Code::Io, message)
                .at(Location::file(path.display().to_string()))
                .fix("name another place with --access-log, or switch it off: --access-log off")
                .into()
        }
        serve::Error::Folder { path, source } => {
            let code = match source.kind() {
                io::ErrorKind::NotFound => Code::NotFound,
                io::ErrorKind::PermissionDenied => Code::Permission,
                _ => Code::Io,
            };
            Finding::error(code, format!("cannot serve the folder {}: {}", path.display(), plain(&source)))
                .at(Location::file(path.display().to_string()))
                .fix("name a folder that is there and that you may read")
                .into()
        }
        error => Finding::error(Code::Io, error.to_string()).into(),
    }
}

fn cannot_bind(address: &ListenAddress, source: &io::Error) -> Finding {
    let finding = |code, reason: &str| Finding::error(code, format!("cannot listen on {address}: {reason}"));
    match (source.kind(), &address.endpoint) {
        (io::ErrorKind::AddrInUse, Endpoint::Tcp { port, .. }) => {
            finding(Code::AddressInUse, "another program listens there")
                .fix(format!("see which one: ss -ltnp 'sport = :{port}'; stop it, or name another port with --listen"))
        }
        (io::ErrorKind::AddrInUse, Endpoint::Unix(path)) => {
            finding(Code::AddressInUse, "another program listens there")
                .fix(format!("see which one: ss -lxp src {}; stop it, or name another path", path.display()))
        }
        (io::ErrorKind::AlreadyExists, _) => finding(Code::OutputExists, "there is a file of that name, and no socket")
            .fix("name another path with --listen"),
        (io::ErrorKind::PermissionDenied, Endpoint::Tcp { port: 1..1024, .. }) => {
            finding(Code::Permission, "ports below 1024 are for root").fix(
                "name a port from 1024 on, or allow it to this program: sudo setcap cap_net_bind_service=+ep $(command -v certkit)",
            )
        }
        (io::ErrorKind::PermissionDenied, _) => finding(Code::Permission, "not allowed"),
        (io::ErrorKind::AddrNotAvailable, _) => finding(Code::InvalidSetting, "this machine has no such address")
            .fix("list the addresses there are: ip -brief address"),
        _ => finding(Code::Io, &plain(source)).fix("check the address; --listen takes ADDRESS:PORT"),
    }
}

fn application_failed(error: StartError) -> Failure {
    match error {
        StartError::Interpreter { .. } => Finding::error(Code::InterpreterNotFound, error.to_string())
            .fix("name the interpreter with --python or the virtual environment with --virtualenv; install one: apt install python3")
            .into(),
        StartError::Application { traceback } => {
            let message = format!("the application did not start\n{}", traceback.trim_end());
            let finding = Finding::error(Code::ApplicationFailed, message).fix(
                "the last line says what is missing; packages are found in the environment of --virtualenv, modules in --chdir and --pythonpath",
            );
            Failure::new(finding).status(1)
        }
        StartError::NotFound { reason } => {
            let message = format!("the application did not start: {reason}");
            let finding = Finding::error(Code::ApplicationFailed, message).fix(
                "name the file or module, and the WSGI callable in it if it is not `application`: certkit serve app.py:app; files and modules are looked for in --chdir",
            );
            Failure::new(finding).status(1)
        }
        StartError::Ended { .. } => {
            let message = format!("the application did not start: {error}");
            let finding = Finding::error(Code::ApplicationFailed, message)
                .fix("something ends Python while it imports the application; import it by hand and see: python3 -X faulthandler -c 'import ...'");
            Failure::new(finding).status(1)
        }
        error => Finding::error(Code::Io, error.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(address: &str, name: Option<&str>, ca: Option<&str>) -> String {
        let identity = Identity { name: name.map(str::to_owned), ca: ca.map(PathBuf::from) };
        next(&[address.parse().unwrap()], &identity).unwrap()
    }

    #[test]
    fn the_next_command_reaches_the_server() {
        assert_eq!(
            next_of("127.0.0.1:8443", Some("localhost"), Some("/d/ca.crt")),
            "curl --cacert /d/ca.crt https://localhost:8443/"
        );
        assert_eq!(
            next_of("127.0.0.1:8443", Some("test.example"), Some("ca.crt")),
            "curl --cacert ca.crt --resolve test.example:8443:127.0.0.1 https://test.example:8443/"
        );
        assert_eq!(
            next_of(":443", Some("test.example"), None),
            "curl --resolve test.example:443:127.0.0.1 https://test.example/"
        );
        assert_eq!(next_of("http:[::1]:8000", None, None), "curl http://[::1]:8000/");
        assert_eq!(next_of("http+unix:/a b", None, None), "curl --unix-socket '/a b' http://localhost/");
        assert!(next_of("uwsgi+unix:/run/a", None, None).contains("uwsgi_pass unix:/run/a;"));
    }
}
