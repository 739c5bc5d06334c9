//! Getting a missing issuer's certificate from the address that a certificate names for it (AIA).
//!
//! Only `merge --fetch` comes here. The address is http by rule: whoever fetches over https would need the very chain
//! that is missing (RFC 5280 section 8). The answer proves nothing by itself; it is used only where its key verifies
//! the signature of the certificate that named it.

use std::time::Duration;

/// For one address, from the first packet to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Some CAs answer with all of their cross-signs in one PKCS#7.
const MAX_BYTES: usize = 1 << 20;
const MAX_REDIRECTS: usize = 3;

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an address of http.
    #[error("only http addresses are fetched")]
    NotHttp,
    /// The server answered with a status that is no success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// More bytes than any certificate has.
    #[error("the answer is larger than {} KiB", MAX_BYTES >> 10)]
    TooLarge,
    /// No connection, no answer in time, a broken answer.
    #[error("{0}")]
    Transport(String),
}

/// The bytes at `url`.
///
/// # Errors
/// When they cannot be had within the limits.
pub fn get(url: &str) -> Result<Vec<u8>, Error> {
    if !url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        return Err(Error::NotHttp);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Transport(error.to_string()))?;
    runtime.block_on(request(url))
}

async fn request(url: &str) -> Result<Vec<u8>, Error> {
    let redirects = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.url().scheme() != "http" || attempt.previous().len() > MAX_REDIRECTS {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    // reqwest wants to know its TLS even where none is used.
    let tls =
        rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Transport(error.to_string()))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("certkit/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects)
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| transport(&error))?;
    let mut answer = client.get(url).send().await.map_err(|error| transport(&error))?;
    if !answer.status().is_success() {
        return Err(Error::Status(answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| transport(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Error::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn transport(error: &reqwest::Error) -> Error {
    let words = match () {
        () if error.is_timeout() => format!("no answer within {} seconds", TIMEOUT.as_secs()),
        () if error.is_connect() => "no connection to the server".to_owned(),
        () if error.is_builder() => "it is no address".to_owned(),
        () => "the answer broke off".to_owned(),
    };
    Error::Transport(words)
}
