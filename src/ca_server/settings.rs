//! What users choose.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use time::Duration;

use super::listen_address::ListenAddress;
use super::public_name::PublicName;
use crate::ca::{Addresses, Constraint};

#[derive(Debug)]
pub struct Settings {
    pub listen: Vec<ListenAddress>,
    /// Names of the server itself, besides those of the addresses that it listens on.
    pub names: Vec<PublicName>,
    /// Names and addresses that certificates may have, and ranges of addresses that validations may connect to.
    pub allow: Vec<Constraint>,
    /// External accounts with their MAC keys; `None`: none is needed.
    pub external_accounts: Option<HashMap<String, Vec<u8>>>,
    pub orders_per_hour: u32,
    pub issuance: IssuanceSettings,
    pub challenges: ChallengeSettings,
    /// The folder of accounts and orders.
    pub state: PathBuf,
}

/// What certificates and lists are like.
#[derive(Clone, Debug)]
pub struct IssuanceSettings {
    /// How long certificates are valid.
    pub validity: Duration,
    /// What certificates name.
    pub addresses: Addresses,
    /// How long a revocation list is valid, in days.
    pub list_days: u32,
}

/// Where validations connect to.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeSettings {
    pub http_port: u16,
    pub tls_port: u16,
    /// Who resolves names; `None`: the system.
    pub resolver: Option<SocketAddr>,
}

/// Prints a line of what the server does.
#[derive(Clone)]
pub struct Log(pub Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    pub(super) fn say(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl Settings {
    /// The hosts that it was given, each once.
    pub(super) fn named_hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for name in &self.names {
            if !hosts.contains(&name.host) {
                hosts.push(name.host.clone());
            }
        }
        hosts
    }

    /// Hosts with ports by which clients may reach the server, those that it was given first; and how many those are.
    pub(super) fn authorities(&self, ports: &[u16]) -> (Vec<String>, usize) {
        let mut authorities: Vec<String> = Vec::new();
        let mut add = |host: &str, ports: &[u16]| {
            for authority in ports.iter().map(|port| authority(host, *port)) {
                if !authorities.contains(&authority) {
                    authorities.push(authority);
                }
            }
            authorities.len()
        };
        let mut named = 0;
        for name in &self.names {
            named = add(&name.host, name.port.as_ref().map_or(ports, std::slice::from_ref));
        }
        for host in self.hosts() {
            add(&host, ports);
        }
        (authorities, named)
    }

    /// The hosts by which clients can reach the server: those that it was given, and those of its addresses.
    pub(super) fn hosts(&self) -> Vec<String> {
        let mut hosts = self.named_hosts();
        let mut add = |host: String| {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        };
        for address in self.listen.iter().filter(|address| address.is_https) {
            if address.ip.is_none_or(|ip| ip.is_loopback() || ip.is_unspecified()) {
                ["localhost", "127.0.0.1", "::1"].into_iter().for_each(|host| add(host.to_owned()));
            }
            if let Some(ip) = address.ip.filter(|ip| !ip.is_unspecified()) {
                add(ip.to_string());
            }
        }
        hosts
    }
}

/// Host and port as a URL has them; 443 is omitted.
pub(super) fn authority(host: &str, port: u16) -> String {
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => host.to_owned(),
    };
    if port == 443 { host } else { format!("{host}:{port}") }
}
