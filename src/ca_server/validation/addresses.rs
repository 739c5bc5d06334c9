//! The addresses of a name, as far as they are allowed.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use hickory_proto::rr::{Name, RData, RecordType};

use super::super::settings::ChallengeSettings;
use crate::acme::challenge::ask_name_server;
use crate::acme_server::{Identifier, Policy, Problem, ProblemType};
use crate::sys::fs::plain;
use crate::sys::hosts;

/// hosts(5).
const HOSTS: &str = "/etc/hosts";
/// More addresses of a name than these are not tried.
const MOST_ADDRESSES: usize = 8;

/// # Errors
/// When the name has no address, or none that may be asked.
pub(super) async fn addresses(
    identifier: &Identifier,
    policy: &Policy,
    settings: &ChallengeSettings,
) -> Result<Vec<IpAddr>, Problem> {
    let all = match identifier {
        Identifier::Ip(address) => vec![*address],
        Identifier::Dns(name) => resolve(name, settings.resolver).await?,
    };
    let allowed: Vec<_> =
        all.iter().copied().filter(|address| policy.allows_address(*address)).take(MOST_ADDRESSES).collect();
    if allowed.is_empty() {
        let all: Vec<_> = all.iter().map(ToString::to_string).collect();
        let detail = format!("{identifier} has the address {}, which is outside of --allow", all.join(", "));
        return Err(Problem::new(ProblemType::Connection, detail));
    }
    Ok(allowed)
}

async fn resolve(name: &str, resolver: Option<SocketAddr>) -> Result<Vec<IpAddr>, Problem> {
    let problem = |reason: String| Problem::new(ProblemType::Dns, format!("{name}: {reason}"));
    let addresses = match resolver {
        Some(resolver) => {
            let mut addresses = Vec::new();
            for kind in [RecordType::AAAA, RecordType::A] {
                addresses.extend(records(resolver, name, kind).await?.iter().filter_map(|data| match data {
                    RData::A(address) => Some(IpAddr::from(address.0)),
                    RData::AAAA(address) => Some(IpAddr::from(address.0)),
                    _ => None,
                }));
            }
            addresses
        }
        None => {
            let file = tokio::task::spawn_blocking(|| hosts::read(Path::new(HOSTS)).unwrap_or_default());
            match in_hosts(&file.await.unwrap_or_default(), name) {
                addresses if addresses.is_empty() => {
                    let name = absolute(name);
                    let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                    found.map_err(|error| problem(plain(&error)))?.map(|address| address.ip()).collect()
                }
                addresses => addresses,
            }
        }
    };
    if addresses.is_empty() {
        return Err(problem("it has no address".to_owned()));
    }
    Ok(addresses)
}

/// What the machine itself says about exactly this name. The resolver does not find it there by the absolute name.
fn in_hosts(file: &[u8], name: &str) -> Vec<IpAddr> {
    hosts::entries(file, name).into_iter().map(|line| line.address).collect()
}

/// With its last dot a name is neither completed by `search` and `ndots` (resolv.conf(5)) nor read as a number
/// (inet_aton(3)): else somebody who has `www.corp.test` would get a certificate for `www`.
fn absolute(name: &str) -> String {
    format!("{name}.")
}

/// The data of all records of a kind that a resolver gives for a name.
///
/// # Errors
/// `dns`.
pub(super) async fn records(
    resolver: SocketAddr,
    name: &str,
    kind: RecordType,
) -> Result<Vec<RData>, Problem> {
    let problem = |reason: String| Problem::new(ProblemType::Dns, format!("{name}: {reason}"));
    let name = Name::from_ascii(format!("{name}.")).map_err(|error| problem(error.to_string()))?;
    let message = ask_name_server(resolver, &name, kind).await.map_err(problem)?;
    Ok(message
        .answers
        .into_iter()
        .map(|record| record.data)
        .filter(|data| data.record_type() == kind)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_as_it_is() {
        let file = b"127.0.0.1 localhost www.corp.test\n::1 localhost\n10.0.0.7 db # www\n";
        assert_eq!(in_hosts(file, "localhost").len(), 2);
        assert_eq!(in_hosts(file, "db"), ["10.0.0.7".parse::<IpAddr>().unwrap()]);
        for other in ["www", "www.corp", "corp.test", "localhost.corp.test"] {
            assert_eq!(in_hosts(file, other), Vec::<IpAddr>::new(), "{other}");
        }
    }

    #[tokio::test]
    async fn a_number_is_not_read_as_an_address() {
        // Without the last dot, getaddrinfo(3) gives 127.0.0.1 for these.
        for number in ["0x7f000001", "2130706433", "127.1"] {
            let name = absolute(number);
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            assert_eq!(found.map_or(0, Iterator::count), 0, "{number}");
        }
    }
}
