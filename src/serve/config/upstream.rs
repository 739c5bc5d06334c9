//! Servers behind this one.

use std::str::FromStr;

use crate::serve::address::{AddressError, Endpoint, ListenAddress, Scheme};
use crate::serve::mount::MountPoint;

/// Servers that answer the requests below a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// The path; no slash at its end, empty for all.
    pub prefix: String,
    /// At least one; all speak one protocol.
    pub servers: Vec<ListenAddress>,
    /// Whether they get to see only what is below the path: the address ended with a slash.
    pub removes_prefix: bool,
}

impl UpstreamConfig {
    /// Whether it is for scripts, which are files.
    pub fn speaks_fastcgi(&self) -> bool {
        self.servers.iter().all(|server| server.scheme == Scheme::Fcgi)
    }
}

impl FromStr for UpstreamConfig {
    type Err = String;

    /// `/PATH=SCHEME[+unix]:[//]ADDRESS[,ADDRESS]...[/]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected /PATH=SCHEME://ADDRESS, for example /=http://127.0.0.1:8000";
        let (prefix, addresses) = text.split_once('=').ok_or(wrong)?;
        let MountPoint::Path(prefix) = prefix.parse()? else { return Err(wrong.to_owned()) };
        let (scheme, _) = addresses.split_once(':').ok_or(wrong)?;
        let (addresses, removes_prefix) = match addresses.strip_suffix('/') {
            Some(addresses) => (addresses.strip_suffix(':').unwrap_or(addresses), true),
            None => (addresses, false),
        };
        let mut servers = Vec::new();
        for address in addresses.split(',') {
            // Only the first one has to name the protocol.
            let address = if servers.is_empty() || address.starts_with(scheme) {
                address.to_owned()
            } else {
                format!("{scheme}:{address}")
            };
            let address: ListenAddress = address.parse().map_err(|error: AddressError| error.to_string())?;
            if matches!(address.endpoint, Endpoint::Fd(_)) {
                return Err("an upstream cannot be an inherited socket".to_owned());
            }
            servers.push(address);
        }
        if servers.iter().any(|server| Some(server.scheme) != servers.first().map(|first| first.scheme)) {
            return Err("all servers of one upstream must speak the same protocol".to_owned());
        }
        Ok(Self { prefix, servers, removes_prefix })
    }
}
