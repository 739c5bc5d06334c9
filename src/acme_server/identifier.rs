//! What certificates are asked for: DNS names (RFC 8555 section 9.7.7) and addresses (RFC 8738).

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::x509::{CertificateName, SubjectAltName};

/// A name, in lower case, possibly with `*.` in front; or an address.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
pub enum Identifier {
    Dns(String),
    Ip(IpAddr),
}

impl Identifier {
    /// A name of a request; `None` for forms that are not certified here.
    pub(super) fn requested(name: &SubjectAltName) -> Option<Self> {
        match name {
            SubjectAltName::Dns(name) => match CertificateName::parse(name).ok()? {
                CertificateName::Dns(name) => Some(Self::Dns(name)),
                _ => None,
            },
            SubjectAltName::Ip(address) => Some(Self::Ip(*address)),
            _ => None,
        }
    }

    /// `None` for names of other things than hosts.
    pub(super) fn of_host(name: CertificateName) -> Option<Self> {
        match name {
            CertificateName::Dns(name) => Some(Self::Dns(name)),
            CertificateName::Ip(address) => Some(Self::Ip(address)),
            _ => None,
        }
    }

    pub(super) fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }

    /// What is validated: for a wildcard the name without its `*.` (RFC 8555 section 7.1.4).
    #[must_use]
    pub(super) fn base(&self) -> Self {
        match self {
            Self::Dns(name) => Self::Dns(name.strip_prefix("*.").unwrap_or(name).to_owned()),
            Self::Ip(address) => Self::Ip(*address),
        }
    }

    pub fn to_certificate_name(&self) -> CertificateName {
        match self {
            Self::Dns(name) => CertificateName::Dns(name.clone()),
            Self::Ip(address) => CertificateName::Ip(*address),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Dns(name) => json!({"type": "dns", "value": name}),
            Self::Ip(address) => json!({"type": "ip", "value": address.to_string()}),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}
