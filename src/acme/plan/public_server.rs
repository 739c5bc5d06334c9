//! Public ACME servers that are known by a word.

use instant_acme::{LetsEncrypt, ZeroSsl};

pub const LETS_ENCRYPT: &str = LetsEncrypt::Production.url();
/// Let's Encrypt's directory for tests: higher limits, certificates that no client trusts.
pub const LETS_ENCRYPT_STAGING: &str = LetsEncrypt::Staging.url();

/// A server that anybody may use, whose certificates are for names of the public DNS.
#[derive(Debug)]
pub struct PublicServer {
    /// What users type for it.
    pub word: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The address of its directory.
    pub directory: &'static str,
    /// Where it gives out external accounts (RFC 8555 section 7.3.4), if it requires one.
    pub external_accounts: Option<&'static str>,
}

/// All that are known. Buypass is none of them: it issued its last certificate in October 2025.
pub const PUBLIC_SERVERS: [PublicServer; 4] = [
    PublicServer {
        word: "letsencrypt",
        name: "Let's Encrypt",
        directory: LETS_ENCRYPT,
        external_accounts: None,
    },
    PublicServer {
        word: "letsencrypt-staging",
        name: "Let's Encrypt, staging",
        directory: LETS_ENCRYPT_STAGING,
        external_accounts: None,
    },
    PublicServer {
        word: "zerossl",
        name: "ZeroSSL",
        directory: ZeroSsl::Production.url(),
        external_accounts: Some("https://app.zerossl.com/developer"),
    },
    PublicServer {
        word: "google",
        name: "Google Trust Services",
        directory: "https://dv.acme-v02.api.pki.goog/directory",
        external_accounts: Some("https://cloud.google.com/certificate-manager/docs/public-ca-tutorial"),
    },
];

impl PublicServer {
    /// The server that users mean by this word.
    pub fn by_word(word: &str) -> Option<&'static Self> {
        PUBLIC_SERVERS.iter().find(|server| server.word.eq_ignore_ascii_case(word))
    }

    /// The server with this directory.
    pub fn at(directory: &str) -> Option<&'static Self> {
        PUBLIC_SERVERS.iter().find(|server| server.directory == directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_word_and_its_directory() {
        for server in &PUBLIC_SERVERS {
            assert_eq!(PublicServer::by_word(&server.word.to_uppercase()).unwrap().name, server.name);
            assert_eq!(PublicServer::at(server.directory).unwrap().name, server.name);
            assert!(server.directory.parse::<http::Uri>().unwrap().scheme_str() == Some("https"));
        }
        assert!(PublicServer::by_word("buypass").is_none());
        assert!(PublicServer::at("https://ca.test/dir").is_none());
    }
}
