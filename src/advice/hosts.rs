//! The hosts file: what cannot be read, changed or put into it.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::hosts::{HostsError, MappingLine};
use crate::x509::InvalidName;

/// A name that cannot be put into the hosts file.
#[derive(Debug, thiserror::Error)]
pub enum HostsNameError {
    #[error("`{0}` is not a host name")]
    NotAHost(String),
    #[error("`{}` is not a host name: {}", .0.text, .0.reason)]
    Invalid(InvalidName),
    #[error("the hosts file supports no wildcards")]
    Wildcard,
}

impl From<HostsNameError> for Failure {
    fn from(error: HostsNameError) -> Self {
        let fix = match error {
            HostsNameError::NotAHost(_) => "Give the name first, then the address.",
            HostsNameError::Invalid(_) => "Use a name such as www.mysite.test.",
            HostsNameError::Wildcard => {
                "Add each name by itself; names below .localhost need no line in the file."
            }
        };
        Finding::error(Code::InvalidName, error.to_string()).fix(fix).into()
    }
}

/// `file` is the hosts file, `as_root` the command for root.
pub fn hosts_failure(error: &HostsError, file: &Path, as_root: &str) -> Failure {
    let (message, file) = (error.to_string(), file.display().to_string());
    let finding = match error {
        HostsError::Conflict { line, .. } => Finding::error(Code::HostsEntry, message)
            .at(Location::line(file, line.line))
            .fix("Change that line with an editor, then run the command again."),
        HostsError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            Finding::error(Code::Permission, message)
                .at(Location::file(file))
                .fix(format!("Run `{as_root}`."))
        }
        HostsError::Io { source, .. } => {
            let code = match source.kind() {
                ErrorKind::NotFound => Code::NotFound,
                ErrorKind::IsADirectory => Code::IsDirectory,
                _ => Code::Io,
            };
            Finding::error(code, message)
                .at(Location::file(file))
                .fix("Name the hosts file with --file; usually it is /etc/hosts.")
        }
    };
    finding.into()
}

/// `hosts remove` left a line that certkit did not write.
pub fn foreign_line_left(name: &str, file: &Path, line: &MappingLine) -> Finding {
    let message = format!("`{name}` still points to {}; certkit did not write that line", line.address);
    Finding::warning(Code::HostsEntry, message)
        .at(Location::line(file.display().to_string(), line.line))
        .fix("Delete that line with an editor to remove it too.")
}

/// `hosts check`; `other` is a line with another address, `add` the command that adds the name.
pub fn not_mapped(name: &str, file: &Path, other: Option<&MappingLine>, add: &str) -> Finding {
    let file = file.display().to_string();
    let (message, location) = match other {
        Some(MappingLine { address, line, .. }) => {
            (points_elsewhere(name, *address), Location::line(file, *line))
        }
        None => (format!("`{name}` is not in the hosts file"), Location::file(file)),
    };
    Finding::error(Code::HostsEntry, message).at(location).fix(format!("Run `{add}`."))
}

fn points_elsewhere(name: &str, address: IpAddr) -> String {
    format!("`{name}` points to {address} in the hosts file")
}
