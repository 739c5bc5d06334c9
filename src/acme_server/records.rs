//! What outlives the process: accounts and orders, as JSON that the room around keeps in a file. The last record of an
//! object counts.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifier::Identifier;
use super::jwk::Jwk;
use super::problem::Problem;

/// A state of an object, to be kept before anybody sees it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    Account(Box<Account>),
    Order(Box<Order>),
}

/// RFC 8555 section 7.1.2.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Account {
    pub id: String,
    pub key: Jwk,
    #[serde(default)]
    pub deactivated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<String>,
    /// The name of the external account that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// The hashes of the keys that it had before: records for dns-persist-01 may have been made with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_keys: Vec<String>,
}

/// RFC 8555 section 7.1.3, with its authorizations: they are made for one order and used for it alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Order {
    pub id: String,
    pub account: String,
    pub status: OrderStatus,
    /// Seconds since 1970; so below.
    pub expires: i64,
    pub authorizations: Vec<Authorization>,
    /// The network that ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// The certificate that it replaces (RFC 9773 section 5), by its serial number in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The issued certificate, DER in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    Pending,
    Ready,
    Processing,
    Valid,
    Invalid,
}

/// RFC 8555 section 7.1.4.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// As it was ordered, with the `*.` of a wildcard.
    pub identifier: Identifier,
    pub status: AuthorizationStatus,
    pub token: String,
    pub challenges: Vec<Challenge>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorizationStatus {
    Pending,
    Valid,
    Invalid,
    Deactivated,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Challenge {
    pub method: ChallengeMethod,
    pub status: ChallengeStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengeStatus {
    Pending,
    Processing,
    Valid,
    Invalid,
}

/// How control of a name is proved.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum ChallengeMethod {
    /// RFC 8555 section 8.3.
    #[serde(rename = "http-01")]
    Http01,
    /// RFC 8737.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// RFC 8555 section 8.4.
    #[serde(rename = "dns-01")]
    Dns01,
    /// draft-ietf-acme-dns-account-label-02.
    #[serde(rename = "dns-account-01")]
    DnsAccount01,
    /// draft-ietf-acme-dns-persist-02, and its draft 01.
    #[serde(rename = "dns-persist-01")]
    DnsPersist01,
}

impl ChallengeMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
            Self::Dns01 => "dns-01",
            Self::DnsAccount01 => "dns-account-01",
            Self::DnsPersist01 => "dns-persist-01",
        }
    }

    /// What can prove a name: the owner of a name has not all below it (RFC 8555 section 8.3 and RFC 8737 section 3),
    /// and an address has no TXT record (RFC 8738 section 4).
    pub(super) const fn for_identifier(identifier: &Identifier, is_wildcard: bool) -> &'static [Self] {
        match identifier {
            Identifier::Dns(_) if is_wildcard => &[Self::Dns01, Self::DnsAccount01, Self::DnsPersist01],
            Identifier::Dns(_) => {
                &[Self::Http01, Self::TlsAlpn01, Self::Dns01, Self::DnsAccount01, Self::DnsPersist01]
            }
            Identifier::Ip(_) => &[Self::Http01, Self::TlsAlpn01],
        }
    }
}

impl OrderStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }

    /// Whether nothing more becomes of it.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Valid | Self::Invalid)
    }
}

impl AuthorizationStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Deactivated => "deactivated",
        }
    }
}

impl ChallengeStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

impl Order {
    /// Whether nothing becomes of it because nobody has finished it in time.
    pub(super) fn has_expired(&self, now: OffsetDateTime) -> bool {
        let is_open = matches!(self.status, OrderStatus::Pending | OrderStatus::Ready);
        is_open && self.expires <= now.unix_timestamp()
    }

    pub(super) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        self.authorizations.iter().map(|authorization| &authorization.identifier)
    }
}
