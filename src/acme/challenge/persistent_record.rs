//! The TXT record of dns-persist-01 (draft-ietf-acme-dns-persist-02): it stays, and says which account at which CA may have
//! certificates for a name.
//!
//! ```text
//! _validation-persist.a.test. TXT "ca.example; accounturi=URI; policy=wildcard; persistUntil=1767225600"
//! ```
//!
//! The value has the syntax of issue-value (RFC 8659 section 4.2). URI is a hash of the account and the name under an
//! address of the CA; in draft-ietf-acme-dns-persist-01, which CAs had first, it is the account's URL itself.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

use crate::sys::clock::date_time;

/// The label in front of the name.
pub const PERSISTENT_LABEL: &str = "_validation-persist";
/// The name in the hash of a record that is for every name.
pub const EVERY_NAME: &str = "*";
/// A character-string has no more bytes (RFC 1035 section 3.3).
const LONGEST_STRING: usize = 255;

/// A record as its value says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentRecord {
    /// The domain name by which the CA is known, in lower case and without a dot at its end.
    pub issuer: String,
    pub account_uri: String,
    /// Whether it is for wildcards of the name, too.
    pub is_wildcard: bool,
    /// The last second in which it proves anything, since 1970.
    pub until: Option<i64>,
}

/// What a value has wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersistentRecordError {
    #[error("it does not have the form `CA; accounturi=URI`")]
    Form,
    #[error("it has no accounturi")]
    NoAccount,
    #[error("it has `{0}` twice")]
    Twice(String),
    #[error("its persistUntil is not a number of seconds")]
    Until,
}

/// What a record must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDemand {
    /// By which names the CA is known; none where that could not be learned.
    pub issuers: Vec<String>,
    /// The account; the first is what a new record has.
    pub account_uris: Vec<String>,
    pub is_wildcard: bool,
}

/// Why the records of a name prove nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproven {
    #[error("there is no TXT record for {}", .0.join(" or "))]
    Missing(Vec<String>),
    #[error("the TXT record cannot be used: {0}")]
    Malformed(PersistentRecordError),
    #[error("the TXT record names another account")]
    OtherAccount,
    #[error("the TXT record is not for wildcards: it has no `policy=wildcard`")]
    NoWildcard,
    #[error("the TXT record has ended on {}", date_time(*.0))]
    Ended(OffsetDateTime),
}

impl PersistentRecord {
    /// Reads the value of a record.
    ///
    /// # Errors
    /// When it is not an issue-value with an account, or says something twice.
    pub fn parse(value: &[u8]) -> Result<Self, PersistentRecordError> {
        use PersistentRecordError as E;
        let issuer = issuer_of(value).ok_or(E::Form)?;
        let text = std::str::from_utf8(value).map_err(|_| E::Form)?;
        let parameters = text.split_once(';').map_or("", |(_, parameters)| parameters);
        let (mut account_uri, mut policy, mut until) = (None, None, None);
        let mut tags: Vec<String> = Vec::new();
        for parameter in parameters.split(';').filter(|_| !trimmed(parameters).is_empty()) {
            let (tag, value) = parameter.split_once('=').ok_or(E::Form)?;
            let (tag, value) = (trimmed(tag).to_ascii_lowercase(), trimmed(value));
            if !is_label(&tag) || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(E::Form);
            }
            match tag.as_str() {
                "accounturi" => account_uri = Some(value.to_owned()),
                "policy" => policy = Some(value.to_owned()),
                "persistuntil" => until = Some(seconds(value).ok_or(E::Until)?),
                // A later draft may have more.
                _ => {}
            }
            if tags.contains(&tag) {
                return Err(E::Twice(tag));
            }
            tags.push(tag);
        }
        Ok(Self {
            issuer,
            account_uri: account_uri.filter(|uri| !uri.is_empty()).ok_or(E::NoAccount)?,
            is_wildcard: policy.is_some_and(|policy| policy.eq_ignore_ascii_case("wildcard")),
            until,
        })
    }

    /// The value in pieces that a record can hold.
    pub fn strings(&self) -> Vec<String> {
        let value = self.to_string();
        // All of it is ASCII.
        value
            .as_bytes()
            .chunks(LONGEST_STRING)
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect()
    }
}

impl fmt::Display for PersistentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; accounturi={}", self.issuer, self.account_uri)?;
        if self.is_wildcard {
            f.write_str("; policy=wildcard")?;
        }
        match self.until {
            Some(until) => write!(f, "; persistUntil={until}"),
            None => Ok(()),
        }
    }
}

impl RecordDemand {
    /// The one of a name's TXT records that proves it at `now` and for the longest time after that.
    ///
    /// # Errors
    /// Why none does: what is wrong with the last of those that are for this CA.
    pub fn judge<'v>(
        &self,
        values: impl IntoIterator<Item = &'v [u8]>,
        now: OffsetDateTime,
    ) -> Result<PersistentRecord, Unproven> {
        let mut why = Unproven::Missing(self.issuers.clone());
        let mut longest: Option<PersistentRecord> = None;
        let ends = |record: &PersistentRecord| record.until.unwrap_or(i64::MAX);
        for value in values {
            // Those of other CAs are none of ours, whatever they say.
            let is_ours = |issuer: &String| self.issuers.is_empty() || self.issuers.contains(issuer);
            if issuer_of(value).is_none_or(|issuer| !is_ours(&issuer)) {
                continue;
            }
            let record = match PersistentRecord::parse(value) {
                Ok(record) => record,
                Err(error) => {
                    why = Unproven::Malformed(error);
                    continue;
                }
            };
            let ended = record.until.filter(|until| *until < now.unix_timestamp());
            // RFC 3986 section 6.2.1: compared byte by byte.
            if !self.account_uris.contains(&record.account_uri) {
                why = Unproven::OtherAccount;
            } else if self.is_wildcard && !record.is_wildcard {
                why = Unproven::NoWildcard;
            } else if let Some(until) = ended {
                why = Unproven::Ended(OffsetDateTime::from_unix_timestamp(until).unwrap_or(now));
            } else if longest.as_ref().is_none_or(|other| ends(&record) > ends(other)) {
                longest = Some(record);
            }
        }
        longest.ok_or(why)
    }

    /// Whether accounts are named by hashes, which tell nothing of the account that they are of.
    pub fn has_hashes(&self) -> bool {
        self.account_uris.iter().any(|uri| uri.contains("/sha-256/"))
    }

    /// The record to set; `None` where no name of the CA is known.
    pub fn wanted(&self, until: Option<i64>) -> Option<PersistentRecord> {
        Some(PersistentRecord {
            issuer: self.issuers.first()?.clone(),
            account_uri: self.account_uris.first()?.clone(),
            is_wildcard: self.is_wildcard,
            until,
        })
    }
}

/// Section 4.1 of the draft: an account as records for `domain` name it; for [`EVERY_NAME`] they all may.
pub fn hashed_account(prefix: &str, domain: &str, thumbprint: &str, account_url: &str) -> String {
    // No domain name is longer than 253 bytes.
    let length = u8::try_from(domain.len()).unwrap_or(u8::MAX);
    let input = [&[length], domain.as_bytes(), thumbprint.as_bytes(), account_url.as_bytes()].concat();
    format!("{prefix}sha-256/{}", URL_SAFE_NO_PAD.encode(digest(&SHA256, &input)))
}

/// The CA that a record is for, if it begins with a domain name.
fn issuer_of(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value.split(|&byte| byte == b';').next()?).ok()?;
    domain_name(trimmed(text))
}

/// A domain name in lower case and without the dot at its end.
pub fn domain_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

/// RFC 8659 section 4.2: letters and digits, with hyphens between.
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Seconds since 1970; more than there are in any calendar is for ever.
fn seconds(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    #[test]
    fn the_hash_is_that_of_the_draft() {
        // Section 10.2.
        let hashed = |domain| {
            hashed_account(
                "https://ca.example/account-hash/",
                domain,
                THUMBPRINT,
                "https://ca.example/acct/123",
            )
        };
        assert_eq!(
            hashed("example.com"),
            "https://ca.example/account-hash/sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw"
        );
        assert_eq!(
            hashed(EVERY_NAME),
            "https://ca.example/account-hash/sha-256/NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug"
        );
    }

    fn parse(text: &str) -> Result<PersistentRecord, PersistentRecordError> {
        PersistentRecord::parse(text.as_bytes())
    }

    #[test]
    fn values_are_read_as_rfc_8659_wants_it() {
        let record = PersistentRecord {
            issuer: "ca.example".into(),
            account_uri: "https://ca.example/acct/1".into(),
            is_wildcard: true,
            until: Some(1_767_225_600),
        };
        for text in [
            "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard; persistUntil=1767225600",
            "ca.example;accounturi=https://ca.example/acct/1;policy=wildcard;persistUntil=1767225600",
            " CA.example. ;\taccounturi = https://ca.example/acct/1 ; PersistUntil=1767225600; policy=WildCard; x-1=y",
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&record), "{text}");
        }
        assert_eq!(parse(&record.to_string()), Ok(record));
        // Other policies are none.
        assert!(!parse("ca.example; accounturi=u; policy=subdomains").unwrap().is_wildcard);
        for (text, error) in [
            ("", PersistentRecordError::Form),
            ("; accounturi=u", PersistentRecordError::Form),
            ("ca_example; accounturi=u", PersistentRecordError::Form),
            ("ca.example; accounturi", PersistentRecordError::Form),
            ("ca.example; accounturi=u;", PersistentRecordError::Form),
            ("ca.example; accounturi=a b", PersistentRecordError::Form),
            ("ca.example; accounturi=\u{e4}", PersistentRecordError::Form),
            ("ca.example; -x=y; accounturi=u", PersistentRecordError::Form),
            ("ca.example", PersistentRecordError::NoAccount),
            ("ca.example; ", PersistentRecordError::NoAccount),
            ("ca.example; accounturi=", PersistentRecordError::NoAccount),
            ("ca.example; accounturi=u; AccountUri=u", PersistentRecordError::Twice("accounturi".into())),
            ("ca.example; x=1; x=2; accounturi=u", PersistentRecordError::Twice("x".into())),
            ("ca.example; accounturi=u; persistUntil=soon", PersistentRecordError::Until),
            ("ca.example; accounturi=u; persistUntil=+5", PersistentRecordError::Until),
            ("ca.example; accounturi=u; persistUntil=", PersistentRecordError::Until),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(
            parse("ca.example; accounturi=u; persistUntil=99999999999999999999").unwrap().until,
            Some(i64::MAX)
        );
    }

    #[test]
    fn a_record_must_be_for_this_ca_account_kind_of_name_and_time() {
        let demand = |is_wildcard| RecordDemand {
            issuers: vec!["ca.example".into(), "ca.test".into()],
            account_uris: vec!["u".into(), "v".into()],
            is_wildcard,
        };
        let judge = |texts: &[&str], is_wildcard| {
            let values = texts.iter().map(|text| text.as_bytes());
            demand(is_wildcard).judge(values, NOW).map(|record| record.to_string())
        };
        let plain = "ca.test; accounturi=v";
        assert_eq!(judge(&[plain], false).as_deref(), Ok(plain));
        assert_eq!(judge(&[plain], true), Err(Unproven::NoWildcard));
        // What other CAs have there does no harm.
        assert_eq!(judge(&["other.test; unreadable", "\u{0}", plain], false).as_deref(), Ok(plain));
        assert_eq!(judge(&["ca.test; unreadable", plain], false).as_deref(), Ok(plain));
        assert!(matches!(judge(&["other.test; accounturi=u"], false), Err(Unproven::Missing(_))));
        assert_eq!(judge(&["ca.test; accounturi=U"], false), Err(Unproven::OtherAccount));
        assert!(matches!(judge(&["ca.test; unreadable"], false), Err(Unproven::Malformed(_))));
        let now = NOW.unix_timestamp();
        let ends = |at: i64| format!("ca.test; accounturi=u; persistUntil={at}");
        assert_eq!(judge(&[&ends(now)], false), Ok(ends(now)));
        assert!(matches!(judge(&[&ends(now - 1)], false), Err(Unproven::Ended(_))));
        // The one that proves it for the longest time counts, whichever comes first.
        let (soon, later) = (ends(now + 5), ends(now + 500));
        assert_eq!(judge(&[&soon, &later, &ends(now - 1)], false).as_ref(), Ok(&later));
        assert_eq!(judge(&[&later, plain, &soon], false).as_deref(), Ok(plain));
        // Where the names of the CA are not known, it decides itself.
        let any = RecordDemand { issuers: vec![], ..demand(false) };
        assert!(any.judge([&b"x.test; accounturi=u"[..]], NOW).is_ok());
        assert_eq!(any.wanted(None), None);
        assert_eq!(
            demand(true).wanted(Some(5)).unwrap().to_string(),
            "ca.example; accounturi=u; policy=wildcard; persistUntil=5"
        );
    }

    #[test]
    fn long_values_are_cut_into_strings() {
        let record = PersistentRecord {
            issuer: "ca.example".into(),
            account_uri: "u".repeat(300),
            is_wildcard: false,
            until: None,
        };
        let strings = record.strings();
        assert_eq!(strings.iter().map(String::len).collect::<Vec<_>>(), [255, 68]);
        assert_eq!(strings.concat(), record.to_string());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(record) = PersistentRecord::parse(&bytes) {
                prop_assert_eq!(PersistentRecord::parse(record.to_string().as_bytes()), Ok(record));
            }
        }

        #[test]
        fn near_values_are_read_or_refused(text in "[a.;= ]{0,8}accounturi=[a-z]{0,3}[;= a-z0-9]{0,20}") {
            if let Ok(record) = PersistentRecord::parse(text.as_bytes()) {
                prop_assert_eq!(PersistentRecord::parse(record.to_string().as_bytes()), Ok(record));
            }
        }
    }
}
