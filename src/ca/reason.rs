//! Why and when a certificate was revoked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::x509::reason_phrase;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// Its serial number, big endian.
    pub serial: Vec<u8>,
    pub at: OffsetDateTime,
    pub reason: Reason,
}

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// No reason was given.
    #[default]
    Unspecified,
    /// Somebody else may have its key.
    KeyCompromise,
    /// Somebody else may have its CA's key.
    CaCompromise,
    /// The subject's name or role has changed.
    AffiliationChanged,
    /// There is a newer one.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// Suspended, for the time being.
    CertificateHold,
    /// A privilege that it states was taken back.
    PrivilegeWithdrawn,
}

impl Reason {
    /// In the order of the standard.
    pub const ALL: [Self; 8] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "caCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
        }
    }
}

impl Reason {
    /// From its number on a list; those that a list of certificates cannot have are unspecified.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or_default()
    }

    /// As part of a sentence; `None` where no reason was given.
    pub fn phrase(self) -> Option<&'static str> {
        reason_phrase(self.code())
    }

    /// Whether it adds something to a revocation for another reason: that others may have the key.
    pub const fn adds_to(self, known: Self) -> bool {
        self.is_about_key() && !known.is_about_key()
    }

    /// Whether others may have the key, so that every certificate of that key is to be revoked.
    pub const fn is_about_key(self) -> bool {
        matches!(self, Self::KeyCompromise | Self::CaCompromise)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = ();

    /// By word, in any case, or by number.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_it =
            |reason: &Self| reason.as_str().eq_ignore_ascii_case(text) || reason.code().to_string() == text;
        Self::ALL.into_iter().find(is_it).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_by_word_and_number() {
        assert_eq!("keycompromise".parse(), Ok(Reason::KeyCompromise));
        assert_eq!("9".parse(), Ok(Reason::PrivilegeWithdrawn));
        for bad in ["", "7", "8", "10", "stolen"] {
            assert_eq!(bad.parse::<Reason>(), Err(()), "{bad}");
        }
    }
}
