//! Why TLS handshakes fail: what is counted by reason, and logged at a bounded rate.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustls::PeerIncompatible;
use tokio::time::error::Elapsed;

/// Between two lines of the log about the same reason.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandshakeFailure {
    /// The client took too long.
    Timeout,
    /// The client closed the connection, as health checks do that only look whether something listens.
    Closed,
    /// The client sent an alert: usually it does not trust the certificate.
    Alert,
    /// The client knows no version of TLS that is spoken here.
    Version,
    /// The client knows no cipher suite, group or signature that is used here.
    Parameters,
    /// The client wants to speak something else than HTTP.
    Protocol,
    /// The client has no certificate, or one that does not hold.
    ClientCertificate,
    /// This server has no certificate for the name that the client asks for.
    NoCertificate,
    /// What the client sent is not TLS, or breaks its rules.
    Malformed,
    Other,
}

impl HandshakeFailure {
    pub(super) const ALL: [Self; 10] = [
        Self::Timeout,
        Self::Closed,
        Self::Alert,
        Self::Version,
        Self::Parameters,
        Self::Protocol,
        Self::ClientCertificate,
        Self::NoCertificate,
        Self::Malformed,
        Self::Other,
    ];

    /// As metrics and the log have it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Alert => "alert",
            Self::Version => "version",
            Self::Parameters => "parameters",
            Self::Protocol => "protocol",
            Self::ClientCertificate => "client_certificate",
            Self::NoCertificate => "no_certificate",
            Self::Malformed => "malformed",
            Self::Other => "other",
        }
    }

    /// What ended a handshake with this error.
    pub(super) fn of(error: &(dyn Error + Send + Sync + 'static)) -> Self {
        if error.is::<Elapsed>() {
            return Self::Timeout;
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Self::of_tls(error);
        }
        let Some(error) = error.downcast_ref::<io::Error>() else { return Self::Other };
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => Self::of_tls(error),
            None => match error.kind() {
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => Self::Closed,
                ErrorKind::TimedOut => Self::Timeout,
                _ => Self::Other,
            },
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use PeerIncompatible as Incompatible;
        use rustls::Error as Tls;
        match error {
            Tls::AlertReceived(_) => Self::Alert,
            Tls::PeerIncompatible(
                Incompatible::SupportedVersionsExtensionRequired
                | Incompatible::Tls12NotOffered
                | Incompatible::Tls12NotOfferedOrEnabled,
            ) => Self::Version,
            Tls::PeerIncompatible(_) => Self::Parameters,
            Tls::NoApplicationProtocol => Self::Protocol,
            Tls::NoCertificatesPresented | Tls::InvalidCertificate(_) => Self::ClientCertificate,
            // What rustls has for a resolver that finds none.
            Tls::General(_) => Self::NoCertificate,
            Tls::InappropriateMessage { .. }
            | Tls::InappropriateHandshakeMessage { .. }
            | Tls::InvalidMessage(_)
            | Tls::DecryptError
            | Tls::PeerMisbehaved(_)
            | Tls::PeerSentOversizedRecord => Self::Malformed,
            _ => Self::Other,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// How often handshakes failed, by reason.
#[derive(Debug)]
pub(super) struct HandshakeFailures {
    began: Instant,
    reasons: [Reason; HandshakeFailure::ALL.len()],
}

#[derive(Debug, Default)]
struct Reason {
    count: AtomicU64,
    /// The count when it was logged last...
    logged: AtomicU64,
    /// ...and milliseconds since the beginning, from which on it may be logged again.
    next: AtomicU64,
}

impl Default for HandshakeFailures {
    fn default() -> Self {
        Self { began: Instant::now(), reasons: Default::default() }
    }
}

impl HandshakeFailures {
    /// One more. Gives how many there were since the last line of the log, this one too, if there may be another line.
    pub(super) fn add(&self, failure: HandshakeFailure) -> Option<u64> {
        self.add_after(failure, self.began.elapsed())
    }

    /// As [`add`](Self::add), at this time after the beginning. One thread calls it.
    fn add_after(&self, failure: HandshakeFailure, elapsed: Duration) -> Option<u64> {
        let reason = self.reasons.get(failure.index())?;
        let count = reason.count.fetch_add(1, Relaxed) + 1;
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if milliseconds(elapsed) < reason.next.load(Relaxed) {
            return None;
        }
        reason.next.store(milliseconds(elapsed + LOG_EVERY), Relaxed);
        Some(count - reason.logged.swap(count, Relaxed))
    }

    /// How often it was this reason.
    pub(super) fn count(&self, failure: HandshakeFailure) -> u64 {
        self.reasons.get(failure.index()).map_or(0, |reason| reason.count.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, CertificateError};

    use super::*;

    #[test]
    fn each_reason_is_logged_once_a_minute() {
        let failures = HandshakeFailures::default();
        let add = |failure, seconds| failures.add_after(failure, Duration::from_secs(seconds));
        use HandshakeFailure::{Alert, Timeout};
        assert_eq!(add(Alert, 0), Some(1));
        assert_eq!(add(Alert, 30), None);
        assert_eq!(add(Timeout, 31), Some(1));
        assert_eq!(add(Alert, 59), None);
        assert_eq!(add(Alert, 60), Some(3));
        assert_eq!((failures.count(Alert), failures.count(Timeout)), (4, 1));
    }

    #[test]
    fn places_are_those_of_the_list() {
        for (place, failure) in HandshakeFailure::ALL.into_iter().enumerate() {
            assert_eq!(failure.index(), place);
        }
    }

    #[test]
    fn errors_have_their_reason() {
        let of = |error: Box<dyn Error + Send + Sync>| HandshakeFailure::of(&*error).as_str();
        let tls = |error: rustls::Error| {
            let inner = of(io::Error::new(ErrorKind::InvalidData, error.clone()).into());
            assert_eq!(of(error.into()), inner);
            inner
        };
        assert_eq!(of(io::Error::from(ErrorKind::UnexpectedEof).into()), "closed");
        assert_eq!(of(io::Error::from(ErrorKind::PermissionDenied).into()), "other");
        assert_eq!(tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA)), "alert");
        assert_eq!(tls(PeerIncompatible::Tls12NotOfferedOrEnabled.into()), "version");
        assert_eq!(tls(PeerIncompatible::NoCipherSuitesInCommon.into()), "parameters");
        assert_eq!(tls(CertificateError::Expired.into()), "client_certificate");
    }
}
