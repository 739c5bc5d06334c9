//! Revocation (RFC 8555 section 7.6), in the name of the account or of the certificate's own key.

use std::fmt;
use std::str::FromStr;

use instant_acme::{RevocationReason as Reason, RevocationRequest};
use time::OffsetDateTime;

use crate::acme::caller::{Caller, Progress};
use crate::acme::client::retry;
use crate::acme::client::server::Server;
use crate::acme::client::signed::{self, Signer};
use crate::acme::error::Error;
use crate::acme::plan::roots_for;
use crate::acme::storage::Storage;
use crate::acme::storage::pem_files;
use crate::x509::Certificate;

/// Why a certificate is revoked (RFC 5280 section 5.3.1), with the RFC's word.
#[derive(Clone, Copy, Debug)]
pub struct RevocationReason(&'static (&'static str, Reason));

/// The reasons and their words.
static REASONS: [(&str, Reason); 10] = [
    ("unspecified", Reason::Unspecified),
    ("keyCompromise", Reason::KeyCompromise),
    ("cACompromise", Reason::CaCompromise),
    ("affiliationChanged", Reason::AffiliationChanged),
    ("superseded", Reason::Superseded),
    ("cessationOfOperation", Reason::CessationOfOperation),
    ("certificateHold", Reason::CertificateHold),
    ("removeFromCRL", Reason::RemoveFromCrl),
    ("privilegeWithdrawn", Reason::PrivilegeWithdrawn),
    ("aACompromise", Reason::AaCompromise),
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
/// [`Error::NoCertificate`], [`Error::KeyElsewhere`], and what every call to a server can end with.
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
        SignedBy::CertificateKey if record.request.is_some() => {
            return Err(Error::KeyElsewhere(name.to_owned()));
        }
        SignedBy::CertificateKey => Signer::bare(&store.live_key()?.ok_or_else(no_certificate)?)?,
        SignedBy::Account => {
            let account = storage.account(&record.server);
            let no_account = || Error::NoAccount { server: Some(record.server.clone()) };
            let url = account.load()?.and_then(|account| account.url).ok_or_else(no_account)?;
            Signer::of_account(&account.key()?.ok_or_else(no_account)?, &url)?
        }
    };
    let roots = roots_for(&record.server, &record.servers, record.ca_roots.as_deref());
    let server = Server::connect(&record.server, roots, caller).await?;
    let Some(url) = &server.directory.revoke_cert else {
        return Err(Error::NotOffered { what: "revocation", server: server.url });
    };
    let reason = reason.map(|RevocationReason((_, reason))| reason.clone());
    let request = RevocationRequest { certificate: &leaf.der, reason };
    let result = retry::call(caller, "revoking the certificate", async || {
        let request = serde_json::to_value(&request)?;
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

impl RevocationReason {
    /// As in requests.
    fn number(self) -> u8 {
        self.0.1.clone() as u8
    }
}

impl FromStr for RevocationReason {
    type Err = String;

    /// Reads the RFC's word in any case, also with hyphens, or its number.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let word = if is_word { text.replace(['-', '_'], "").to_ascii_lowercase() } else { text.to_owned() };
        let mut reasons = REASONS.iter().map(Self);
        let found = reasons.find(|reason| {
            reason.to_string().to_ascii_lowercase() == word || reason.number().to_string() == word
        });
        found.ok_or_else(|| {
            let reasons = REASONS.iter().map(Self);
            let words: Vec<_> = reasons.map(|reason| format!("{reason} ({})", reason.number())).collect();
            format!("expected one of {}", words.join(", "))
        })
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_by_word_and_number() {
        for text in ["keyCompromise", "keycompromise", "key-compromise", "1"] {
            let reason: RevocationReason = text.parse().unwrap();
            assert_eq!((reason.number(), reason.to_string().as_str()), (1, "keyCompromise"), "{text}");
            assert_eq!(serde_json::to_value(&reason.0.1).unwrap(), 1);
        }
        // 7 is unused.
        let numbers: Vec<_> = REASONS.iter().map(|row| RevocationReason(row).number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
        assert_eq!("superseded".parse::<RevocationReason>().unwrap().to_string(), "superseded");
        for text in ["7", "11", "", "because", "-1"] {
            assert!(text.parse::<RevocationReason>().is_err(), "{text}");
        }
    }
}
