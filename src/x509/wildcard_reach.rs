//! How much a wildcard covers.

use super::name::CertificateName;

/// What is below the star of a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WildcardReach {
    /// Somebody's domain.
    Domain,
    /// A name of one label: `*.test`. OpenSSL (`valid_star`), GnuTLS, NSS and rustls-webpki want two labels at least
    /// after the star, so that nobody gets a certificate for a whole top-level domain (RFC 9525 section 7.1).
    OneLabel,
    /// A suffix under which a registry sells names: `*.co.uk` (Mozilla's Public Suffix List, without the private
    /// section, as Chrome has it). Public CAs may not issue such a certificate (TLS BR 3.2.2.6).
    PublicSuffix,
}

impl WildcardReach {
    /// `None` where the name is not a wildcard.
    pub fn of(name: &CertificateName) -> Option<Self> {
        let CertificateName::Dns(name) = name else { return None };
        let parent = name.strip_prefix("*.")?;
        if !parent.contains('.') {
            return Some(Self::OneLabel);
        }
        let suffix = psl::suffix(parent.as_bytes());
        let is_suffix = suffix.is_some_and(|suffix| {
            suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == parent.as_bytes()
        });
        Some(if is_suffix { Self::PublicSuffix } else { Self::Domain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_one_label_to_a_domain() {
        let reach = |text: &str| WildcardReach::of(&CertificateName::parse(text).unwrap());
        assert_eq!(reach("*.test"), Some(WildcardReach::OneLabel));
        assert_eq!(reach("*.com"), Some(WildcardReach::OneLabel));
        assert_eq!(reach("*.co.uk"), Some(WildcardReach::PublicSuffix));
        for name in ["*.example.com", "*.example.co.uk", "*.mysite.test", "*.github.io"] {
            assert_eq!(reach(name), Some(WildcardReach::Domain), "{name}");
        }
        assert_eq!(reach("a.test"), None);
        assert_eq!(reach("10.0.0.1"), None);
    }
}
