//! Whether an ACME server can reach the listeners that are to answer its challenges.
//!
//! http-01 comes to port 80 (RFC 8555 section 8.3), tls-alpn-01 to port 443 (RFC 8737 section 3). Whether a firewall, a
//! router or a container forwards these ports is not to be seen from here, so a listener on any outside address counts.
//! One on a loopback address is reached only through another program of this machine that has the port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use crate::acme::LETS_ENCRYPT;
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::sys::own_address::is_own_address;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// Whether the listeners can be reached from other machines; `is_taken` says of a port whether another program of this
/// machine listens on it for them.
pub(super) fn is_within_reach(listeners: &[ListenAddress], is_taken: impl Fn(u16) -> bool) -> bool {
    listeners.iter().any(|listener| {
        let port = match listener.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Uwsgi | Scheme::Suwsgi | Scheme::Fcgi | Scheme::Scgi | Scheme::Ajp => return false,
        };
        match &listener.endpoint {
            Endpoint::Tcp { host, .. } if is_loopback(host) => is_taken(port),
            // Another program has made the socket, or connects to it.
            Endpoint::Tcp { .. } | Endpoint::Unix(_) | Endpoint::Fd(_) => true,
        }
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a program of this machine listens on `port` of an outside address. Where that cannot be seen, one may.
pub(super) fn is_taken(port: u16) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    tables.iter().all(Result::is_err) || tables.iter().flatten().any(|table| listens_outside(table, port))
}

/// Whether a table of the kernel (proc_net_tcp(5)) has a socket that listens on `port` of an outside address.
fn listens_outside(table: &str, port: u16) -> bool {
    table.lines().skip(1).any(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (local, state) = (columns.next(), columns.nth(1));
        let Some((address, local_port)) = local.and_then(|local| local.split_once(':')) else { return false };
        state == Some(LISTENING)
            && u16::from_str_radix(local_port, 16) == Ok(port)
            && kernel_address(address).is_some_and(|address| !address.is_loopback())
    })
}

/// An address in words of 32 bits, each in the byte order of the machine.
fn kernel_address(text: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for start in (0..text.len()).step_by(8) {
        let word = u32::from_str_radix(text.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical()),
        _ => None,
    }
}

/// Whether the ACME server at this address runs on this machine, so that it reaches loopback addresses too.
pub(super) fn is_here(directory: &str) -> bool {
    if directory == LETS_ENCRYPT {
        return false;
    }
    let Ok(uri) = directory.parse::<http::Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    // A port is needed to ask, and means nothing.
    let addresses = (host.trim_matches(['[', ']']), 443).to_socket_addrs();
    addresses.is_ok_and(|mut addresses| addresses.any(|address| is_own_address(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(listeners: &[&str], taken: &[u16]) -> bool {
        let listeners: Vec<_> = listeners.iter().map(|one| one.parse().unwrap()).collect();
        is_within_reach(&listeners, |port| taken.contains(&port))
    }

    #[test]
    fn loopback_listeners_need_somebody_on_the_port_of_their_challenge() {
        for (listeners, taken, is_reached) in [
            (&["127.0.0.1:8443"][..], &[][..], false),
            (&["https:[::1]:443", "http:localhost:80"], &[], false),
            // A web server forwards plain requests, a balancer forwards TLS.
            (&["127.0.0.1:8443"], &[80], false),
            (&["127.0.0.1:8443"], &[443], true),
            (&["127.0.0.1:8443", "http:127.0.0.1:8080"], &[80], true),
            // A router or a container may forward to any port.
            (&[":8443"], &[], true),
            (&["127.0.0.1:8443", "http:192.0.2.7:8080"], &[], true),
            (&["127.0.0.1:8443", "http+unix:/run/a"], &[], true),
            (&["https+fd:3"], &[], true),
            // Challenges are not answered there.
            (&["uwsgi:0.0.0.0:3031", "127.0.0.1:8443"], &[], false),
        ] {
            assert_eq!(reached(listeners, taken), is_reached, "{listeners:?} {taken:?}");
        }
    }

    #[test]
    fn sockets_of_the_kernels_tables_are_told_apart() {
        let row = |local: &str, state: &str| {
            format!(
                "  sl  local_address rem_address   st\n   0: {local} 00000000:0000 {state} 00000000:0 0\n"
            )
        };
        let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        let loopback = word([127, 0, 0, 1]);
        let outside = word([192, 0, 2, 7]);
        let everywhere = "0".repeat(32);
        let mapped = ["0".repeat(16), word([0, 0, 255, 255]), loopback.clone()].concat();
        for (row, is_there) in [
            (row(&format!("{outside}:0050"), "0A"), true),
            (row(&format!("{everywhere}:0050"), "0A"), true),
            (row(&format!("{loopback}:0050"), "0A"), false),
            (row(&format!("{mapped}:0050"), "0A"), false),
            (row(&format!("{outside}:0051"), "0A"), false),
            // A connection, not a listener.
            (row(&format!("{outside}:0050"), "01"), false),
            (row("nothing", "0A"), false),
            (row("ä:0050", "0A"), false),
        ] {
            assert_eq!(listens_outside(&row, 80), is_there, "{row}");
        }
    }

    #[test]
    fn a_server_is_here_by_its_address() {
        for here in ["https://localhost:14000/dir", "https://127.0.0.1/dir", "https://[::1]:1/dir"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["https://192.0.2.1/dir", LETS_ENCRYPT, "x", "/dir"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
