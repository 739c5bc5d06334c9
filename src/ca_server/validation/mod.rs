//! Whether those who ask control the names: http-01 (RFC 8555 section 8.3), tls-alpn-01 (RFC 8737), dns-01 (RFC 8555
//! section 8.4), and dns-account-01 and dns-persist-01, which are drafts.
//!
//! Strangers choose where these requests go, so each goes to an address that `--allow` has. The name is resolved once,
//! and the connection goes to the very address that was compared; nobody is followed to another one.

mod addresses;
mod dns01;
mod dns_persist01;
mod http01;
mod tls_alpn01;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use self::addresses::addresses;
use super::settings::ChallengeSettings;
use crate::acme_server::{ChallengeMethod, Identifier, Policy, Problem, ProblemType, Validation};
use crate::sys::fs::plain;
use crate::sys::open_files::is_shortage;

/// No validation takes longer.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// One address of several must not use up all of the time.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// Until a file is looked for again, where there was none.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// Validates a challenge. Gives the end of what it found, in seconds since 1970, if it has one.
///
/// # Errors
/// What is wrong with the name, the server at its address, or what it shows.
pub(super) async fn validate(
    validation: &Validation,
    policy: &Policy,
    settings: &ChallengeSettings,
) -> Result<Option<i64>, Problem> {
    let validated = async {
        match validation.method {
            ChallengeMethod::Http01 => http01::validate(validation, policy, settings).await?,
            ChallengeMethod::TlsAlpn01 => tls_alpn01::validate(validation, policy, settings).await?,
            ChallengeMethod::Dns01 | ChallengeMethod::DnsAccount01 => {
                dns01::validate(validation, settings).await?;
            }
            ChallengeMethod::DnsPersist01 => return dns_persist01::validate(validation, settings).await,
        }
        Ok(None)
    };
    let limit = TIME_LIMIT.as_secs();
    tokio::time::timeout(TIME_LIMIT, validated).await.unwrap_or_else(|_| {
        let detail = format!("{}: no answer within {limit} s", validation.identifier);
        Err(Problem::new(ProblemType::Connection, detail))
    })
}

/// Connects to an allowed address of the name.
async fn connect(
    identifier: &Identifier,
    port: u16,
    policy: &Policy,
    settings: &ChallengeSettings,
) -> Result<TcpStream, Problem> {
    let mut reasons = Vec::new();
    for address in addresses(identifier, policy, settings).await? {
        let address = SocketAddr::new(address, port);
        match tokio::time::timeout(CONNECT_LIMIT, connect_to(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reasons.push(format!("{address}: {}", plain(&error))),
            Err(_) => reasons.push(format!("{address}: no answer within {} s", CONNECT_LIMIT.as_secs())),
        }
    }
    let detail = format!("cannot connect to {identifier}: {}", reasons.join("; "));
    Err(Problem::new(ProblemType::Connection, detail))
}

/// Connects. A server without a file left waits for one: the order is not to be refused for that.
async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    loop {
        match TcpStream::connect(address).await {
            Err(error) if is_shortage(&error) => tokio::time::sleep(SHORTAGE_PAUSE).await,
            result => return result,
        }
    }
}
