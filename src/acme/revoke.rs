//! Revocation (RFC 8555 section 7.6), in the name of the account or of the certificate's own key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;
use time::OffsetDateTime;

use super::caller::{Caller, Progress};
use super::error::Error;
use super::server::Server;
use super::signed::{self, Signer};
use super::storage::Storage;
use super::{pem_files, retry};
use crate::x509::Certificate;

/// Why a certificate is revoked (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationReason(u8);

/// Words and numbers of the reasons; 7 is unused.
const REASONS: [(&str, u8); 10] = [
    ("unspecified", 0),
    ("keyCompromise", 1),
    ("cACompromise", 2),
    ("affiliationChanged", 3),
    ("superseded", 4),
    ("cessationOfOperation", 5),
    ("certificateHold", 6),
    ("removeFromCRL", 8),
    ("privilegeWithdrawn", 9),
    ("aACompromise", 10),
];

/// In whose name a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// The account that ordered it.
    Account,
    /// Its own key, which also somebody without the account may have.
    CertificateKey,
}

/// Revokes the certificate in use under `name` and notes it, so that it is not renewed. Needs a tokio runtime with time
/// and I/O.
///
/// # Errors
/// [`Error::NoCertificate`], and what every call to a server can end with.
pub async fn revoke(
    storage: &Storage,
    name: &str,
    reason: Option<RevocationReason>,
    signed_by: SignedBy,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<Certificate, Error> {
    storage.check_access()?;
    let no_certificate = || Error::NoCertificate { name: name.to_owned() };
    let store = storage.certificate(name);
    store.renew_record()?.ok_or_else(no_certificate)?;
    let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    let mut record = store.renew_record()?.ok_or_else(no_certificate)?;
    let text = store.live_chain()?.ok_or_else(no_certificate)?;
    let damaged = |reason| Error::Key(format!("cannot read the certificate in use: {reason}"));
    let leaf =
        pem_files::parse_chain(&text).map_err(damaged)?.into_iter().next().ok_or_else(no_certificate)?;

    let signer = match signed_by {
        SignedBy::CertificateKey => Signer::bare(&store.live_key()?.ok_or_else(no_certificate)?)?,
        SignedBy::Account => {
            let account = storage.account(&record.server);
            let no_account = || Error::NoAccount { server: Some(record.server.clone()) };
            let url = account.load()?.and_then(|account| account.url).ok_or_else(no_account)?;
            Signer::of_account(&account.key()?.ok_or_else(no_account)?, &url)?
        }
    };
    let server = Server::connect(&record.server, record.ca_roots.as_deref(), caller).await?;
    let Some(url) = &server.directory.revoke_cert else {
        return Err(Error::NotOffered { what: "revocation", server: server.url });
    };
    let mut request = json!({"certificate": BASE64URL.encode(&leaf.der)});
    if let Some(RevocationReason(number)) = reason {
        request["reason"] = number.into();
    }
    let result = retry::call(caller, "revoking the certificate", async || {
        signed::post(&server.http, &signer, url, Some(&request)).await.map(drop)
    })
    .await;
    match result {
        // Also when only the answer to the first try was lost.
        Err(error) if error.is_refusal("alreadyRevoked") => {}
        result => result?,
    }
    record.revoked = Some(now.into());
    store.save_record(&record)?;
    Ok(leaf)
}

impl FromStr for RevocationReason {
    type Err = String;

    /// Reads the RFC's word in any case, also with hyphens, or its number.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let word = if is_word { text.replace(['-', '_'], "").to_ascii_lowercase() } else { text.to_owned() };
        let found = REASONS
            .iter()
            .find(|(name, number)| name.to_ascii_lowercase() == word || number.to_string() == word);
        found.map(|(_, number)| Self(*number)).ok_or_else(|| {
            let words: Vec<_> = REASONS.iter().map(|(name, number)| format!("{name} ({number})")).collect();
            format!("expected one of {}", words.join(", "))
        })
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = REASONS.iter().find(|(_, number)| *number == self.0);
        f.write_str(found.map_or("unspecified", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_by_word_and_number() {
        for text in ["keyCompromise", "keycompromise", "key-compromise", "1"] {
            assert_eq!(text.parse::<RevocationReason>().unwrap(), RevocationReason(1), "{text}");
        }
        assert_eq!("superseded".parse::<RevocationReason>().unwrap().to_string(), "superseded");
        for text in ["7", "11", "", "because", "-1"] {
            assert!(text.parse::<RevocationReason>().is_err(), "{text}");
        }
    }
}
