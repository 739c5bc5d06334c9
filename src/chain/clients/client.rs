//! The clients of the table, and sets of them.

/// A client, as the column of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chain) enum Client {
    Android,
    Apple,
    Chromium,
    Curl,
    Gnutls,
    Go,
    Java,
    OpenSsl,
    OpenSslStrict,
    Pyca,
    Python312,
    Python313,
    Rustls,
    Windows,
}

/// A set of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chain) struct Clients(u16);

#[cfg(test)]
impl Client {
    pub(in crate::chain) const ALL: [Self; 14] = [
        Self::OpenSsl,
        Self::OpenSslStrict,
        Self::Curl,
        Self::Python312,
        Self::Python313,
        Self::Gnutls,
        Self::Go,
        Self::Rustls,
        Self::Pyca,
        Self::Java,
        Self::Chromium,
        Self::Android,
        Self::Apple,
        Self::Windows,
    ];

    /// The head of its column.
    pub(in crate::chain) const fn name(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Apple => "Apple",
            Self::Chromium => "Chromium",
            Self::Curl => "curl",
            Self::Gnutls => "GnuTLS",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::OpenSsl => "OpenSSL",
            Self::OpenSslStrict => "OpenSSL strict",
            Self::Pyca => "pyca",
            Self::Python312 => "Python 3.12",
            Self::Python313 => "Python 3.13",
            Self::Rustls => "rustls",
            Self::Windows => "Windows",
        }
    }

    /// What was asked, or where it is documented.
    pub(in crate::chain) const fn shown_by(self) -> &'static str {
        match self {
            Self::Android => "documents of Android",
            Self::Apple => "documents of Apple",
            Self::Chromium => "Chromium 156 on Linux, `fetch` from a page, the root in its NSS database",
            Self::Curl => "curl 7.88 with OpenSSL 3.0, `curl --cacert ROOT https://HOST`",
            Self::Gnutls => "GnuTLS 3.7, `gnutls_x509_trust_list_verify_crt2`, as `gnutls-cli` calls it",
            Self::Go => "Go 1.19, `x509.Certificate.Verify` as in crypto/tls",
            Self::Java => "OpenJDK 17, the trust manager `PKIX` with endpoint identification",
            Self::OpenSsl => {
                "OpenSSL 3.0, `openssl verify -purpose sslserver -verify_hostname HOST -auth_level 2`"
            }
            Self::OpenSslStrict => "the same with `-x509_strict`",
            Self::Pyca => "pyca/cryptography 50, `x509.verification.PolicyBuilder`",
            Self::Python312 => "Python 3.11, `ssl.create_default_context`, with OpenSSL 3.0",
            Self::Python313 => "the same with the flags that are the default since Python 3.13",
            Self::Rustls => {
                "rustls-webpki 0.103, `verify_for_usage`, and the signatures that rustls can verify"
            }
            Self::Windows => "documents of Windows",
        }
    }

    /// Whether the cell is from documents, since the client does not run on Linux.
    pub(in crate::chain) const fn is_documented(self) -> bool {
        matches!(self, Self::Android | Self::Apple | Self::Windows)
    }
}

impl Clients {
    pub(in crate::chain) const NONE: Self = Self(0);
    /// Every client that was asked.
    pub(in crate::chain) const ASKED: Self = Self::of(&[
        Client::OpenSsl,
        Client::OpenSslStrict,
        Client::Curl,
        Client::Python312,
        Client::Python313,
        Client::Gnutls,
        Client::Go,
        Client::Rustls,
        Client::Pyca,
        Client::Java,
        Client::Chromium,
    ]);

    /// Those that most people connect with. A chain that all of them refuse is of no use, whatever the others do.
    const EVERYDAY: Self = Self::of(&[Client::Curl, Client::Go, Client::Rustls]);

    pub(in crate::chain) const fn of(clients: &[Client]) -> Self {
        let mut set = 0;
        let mut index = 0;
        while index < clients.len() {
            set |= 1 << clients[index] as u16;
            index += 1;
        }
        Self(set)
    }

    pub(in crate::chain) const fn and(self, clients: &[Client]) -> Self {
        Self(self.0 | Self::of(clients).0)
    }

    pub(in crate::chain) const fn except(self, clients: &[Client]) -> Self {
        Self(self.0 & !Self::of(clients).0)
    }

    pub(in crate::chain) const fn has(self, client: Client) -> bool {
        self.0 & 1 << client as u16 != 0
    }

    pub(in crate::chain) const fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether every everyday client is among them.
    pub(in crate::chain) const fn has_every_everyday_one(self) -> bool {
        self.has_all(Self::EVERYDAY)
    }

    /// Whether an everyday client is among them.
    pub(in crate::chain) const fn has_an_everyday_one(self) -> bool {
        self.0 & Self::EVERYDAY.0 != 0
    }

    pub(in crate::chain) const fn has_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}
