//! Where certkit and the clients differ.

use std::collections::BTreeSet;
use std::fmt;

use super::sentences::{CLIENTS, claims};
use super::verdicts::{Judged, Verdict, Verdicts};

/// What most people connect with: OpenSSL as curl calls it, Go, rustls. What all of them refuse, the profile `tls`
/// refuses; what one of them accepts, it only warns of.
const EVERYDAY: &[&str] = &["openssl -partial_chain", "Go", "rustls"];

/// How the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Panicked,
    /// The profile `tls` says yes, and every everyday client refuses.
    TlsHolds,
    /// Another profile says yes, and every client refuses.
    WebpkiHolds,
    Rfc5280Holds,
    /// A sentence says that the client refuses; it accepts.
    WronglyNamed,
    /// A sentence says that the client accepts; it refuses.
    WronglyExcused,
    /// The profile `tls` says yes, the client refuses, and no sentence names it.
    NotNamed,
    /// The profile `tls` says no, and an everyday client accepts.
    TlsRefuses,
    /// `tls` says no, `webpki` yes.
    TlsStricterThanWebpki,
    /// `rfc5280` says no, `webpki` yes.
    Rfc5280StricterThanWebpki,
    /// The profile `rfc5280` says no, and every client accepts.
    Rfc5280Alone,
}

/// One difference on one chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) kind: Kind,
    /// The client; empty where it is about all.
    pub(super) client: String,
    /// The code of the finding that is wrong, if one is.
    pub(super) code: String,
}

impl Kind {
    /// As it is written in the list of known differences.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::TlsHolds => "tls-holds",
            Self::WebpkiHolds => "webpki-holds",
            Self::Rfc5280Holds => "rfc5280-holds",
            Self::WronglyNamed => "wrongly-named",
            Self::WronglyExcused => "wrongly-excused",
            Self::NotNamed => "not-named",
            Self::TlsRefuses => "tls-refuses",
            Self::TlsStricterThanWebpki => "tls-stricter-than-webpki",
            Self::Rfc5280StricterThanWebpki => "rfc5280-stricter-than-webpki",
            Self::Rfc5280Alone => "rfc5280-alone",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        for part in [&self.client, &self.code] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

/// Every difference between certkit's verdicts and those of the clients.
pub(super) fn differences(judged: &Judged, clients: &Verdicts) -> BTreeSet<Difference> {
    let mut found = BTreeSet::new();
    let mut add = |kind, client: &str, code: &str| {
        found.insert(Difference { kind, client: client.to_owned(), code: code.to_owned() });
    };
    let refuses = |client: &str| clients.get(client).map(|reason| !reason.is_empty());
    let (tls, webpki, rfc5280) = (&judged.tls, &judged.webpki, &judged.rfc5280);
    if [tls, webpki, rfc5280].iter().any(|verdict| verdict.panicked) {
        add(Kind::Panicked, "", "");
        return found;
    }
    if tls.holds && EVERYDAY.iter().all(|client| refuses(client) == Some(true)) {
        add(Kind::TlsHolds, "", "");
    }
    // Where one is not installed, nothing can be said of all.
    let all_refuse = CLIENTS.iter().all(|client| refuses(client) == Some(true));
    let all_accept = CLIENTS.iter().all(|client| refuses(client) == Some(false));
    if webpki.holds && all_refuse {
        add(Kind::WebpkiHolds, "", "");
    }
    if rfc5280.holds && all_refuse {
        add(Kind::Rfc5280Holds, "", "");
    }
    if !rfc5280.holds && all_accept {
        add(Kind::Rfc5280Alone, "", &first_error(rfc5280));
    }
    if webpki.holds && !tls.holds {
        add(Kind::TlsStricterThanWebpki, "", &first_error(tls));
    }
    if webpki.holds && !rfc5280.holds {
        add(Kind::Rfc5280StricterThanWebpki, "", &first_error(rfc5280));
    }
    let mut named = BTreeSet::new();
    for said in &tls.said {
        let claims = claims(&said.message);
        for client in &claims.refuse {
            named.insert(*client);
            if *client == "openssl" {
                // What it refuses by itself it refuses with the flag too.
                named.insert("openssl -x509_strict");
            }
            if refuses(client) == Some(false) {
                add(Kind::WronglyNamed, client, &said.code);
            }
        }
        // Another finding may be why it refuses, and that one names it.
        for client in claims.accept.iter().filter(|_| tls.said.len() == 1) {
            if refuses(client) == Some(true) {
                add(Kind::WronglyExcused, client, &said.code);
            }
        }
    }
    for client in CLIENTS {
        match refuses(client) {
            Some(true) if tls.holds && !named.contains(client) => add(Kind::NotNamed, client, ""),
            Some(false) if !tls.holds && EVERYDAY.contains(client) => {
                add(Kind::TlsRefuses, client, &first_error(tls));
            }
            _ => {}
        }
    }
    found
}

fn first_error(verdict: &Verdict) -> String {
    verdict.said.iter().find(|said| said.is_error).map(|said| said.code.clone()).unwrap_or_default()
}
