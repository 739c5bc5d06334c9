//! One retry policy around every call to an ACME server.
//!
//! A call is repeated as a whole, so that every try has a fresh nonce and signature (RFC 8555 section 6.5). What
//! passes with time (429, 5xx, time-outs, lost answers) is tried again after the server's `Retry-After`, else after
//! a pause that doubles. What does not pass ends at once.

use std::time::{Duration, Instant};

use crate::acme::caller::{Caller, Progress};
use crate::acme::error::Error;
use crate::acme::reply::call_error::CallError;
use crate::acme::reply::transport_error::TransportError;

/// Refused nonces are the server's housekeeping, not a fault: each try has the same good chance as the first. With
/// half of all nonces refused, 40 tries fail once in 10^12 calls.
const NONCE_TRIES: u32 = 40;
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A server that wants a longer pause than this gets it between two runs, not inside one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// No new try starts after this time.
const LONGEST_CALL: Duration = Duration::from_secs(180);

/// Calls until an answer comes, the error is final, or there were too many tries.
///
/// # Errors
/// What the last try ended with; `doing` names the call in it.
pub async fn call<T>(
    caller: &dyn Caller,
    doing: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, Error> {
    let started = Instant::now();
    let mut patience = Patience::default();
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        match patience.pause_after(&error) {
            Some(pause) if started.elapsed() + pause < LONGEST_CALL => {
                tracing::debug!(doing, %error, ?pause, "trying again");
                if pause >= Duration::from_secs(1) {
                    caller.progress(Progress::Waiting { doing, pause });
                }
                tokio::time::sleep(pause).await;
            }
            _ => return Err(Error::from_call(doing, error)),
        }
    }
}

/// The tries so far in one call.
#[derive(Default)]
struct Patience {
    nonces: u32,
    tries: u32,
}

impl Patience {
    /// How long to wait before the next try; `None` when there is to be none.
    fn pause_after(&mut self, error: &CallError) -> Option<Duration> {
        match ErrorClass::of(error) {
            ErrorClass::BadNonce => {
                self.nonces += 1;
                (self.nonces < NONCE_TRIES).then_some(Duration::ZERO)
            }
            ErrorClass::Final => None,
            ErrorClass::Passing { retry_after } => {
                self.tries += 1;
                let pause = match retry_after {
                    Some(pause) => pause.max(FIRST_PAUSE),
                    None => FIRST_PAUSE * 2u32.pow(self.tries.min(10) - 1),
                };
                (self.tries < TRIES && pause <= LONGEST_PAUSE).then_some(pause)
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum ErrorClass {
    BadNonce,
    Final,
    Passing { retry_after: Option<Duration> },
}

impl ErrorClass {
    fn of(error: &CallError) -> Self {
        match error {
            error if error.is_refusal("badNonce") => Self::BadNonce,
            // A good status with half a body, or with something that stands between for a moment.
            CallError::Html | CallError::NotJson(_) => Self::Passing { retry_after: None },
            CallError::Transport(TransportError::Status { status, retry_after, .. })
                if TransportError::passes(*status) =>
            {
                Self::Passing { retry_after: *retry_after }
            }
            CallError::Transport(
                TransportError::Lost { .. }
                | TransportError::TimedOut { .. }
                | TransportError::Unreachable { .. },
            ) => Self::Passing { retry_after: None },
            _ => Self::Final,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::acme::reply::protocol_error::ProtocolError;

    fn refused(kind: &str) -> CallError {
        CallError::Refused(Box::new(ProtocolError { kind: kind.into(), ..ProtocolError::default() }))
    }

    fn status(status: u16, retry_after: Option<u64>) -> CallError {
        TransportError::Status {
            url: "https://ca.test/".into(),
            status: StatusCode::from_u16(status).unwrap(),
            problem: None,
            retry_after: retry_after.map(Duration::from_secs),
            is_html: false,
        }
        .into()
    }

    /// All pauses until the policy gives up.
    fn pauses(error: &CallError) -> Vec<Duration> {
        let mut patience = Patience::default();
        std::iter::from_fn(|| patience.pause_after(error)).collect()
    }

    #[test]
    fn half_of_all_nonces_may_be_refused() {
        let pauses = pauses(&refused("badNonce"));
        assert!(pauses.len() >= 30);
        assert!(pauses.iter().all(Duration::is_zero));
    }

    #[test]
    fn what_the_server_refuses_is_final() {
        for error in [refused("unauthorized"), refused("malformed"), status(404, None), status(302, None)] {
            assert!(pauses(&error).is_empty(), "{error}");
        }
    }

    #[test]
    fn trouble_that_passes_is_waited_for_in_growing_pauses() {
        for error in [
            status(503, None),
            status(429, None),
            TransportError::TimedOut { url: String::new() }.into(),
            TransportError::Lost { url: String::new(), reason: String::new() }.into(),
            TransportError::Unreachable { url: String::new(), reason: String::new() }.into(),
            serde_json::from_str::<u32>("{").unwrap_err().into(),
            CallError::Html,
        ] {
            let pauses = pauses(&error);
            assert_eq!(pauses.len(), 4, "{error}");
            assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]), "{error}");
        }
    }

    #[test]
    fn retry_after_is_obeyed_within_reason() {
        assert_eq!(pauses(&status(503, Some(7))), [Duration::from_secs(7); 4]);
        assert!(pauses(&status(429, Some(3600))).is_empty(), "that is for a later run");
    }

    #[test]
    fn a_certificate_nobody_trusts_is_final() {
        let untrusted =
            TransportError::Untrusted { url: String::new(), reason: rustls::CertificateError::UnknownIssuer };
        assert!(pauses(&untrusted.into()).is_empty());
    }
}
