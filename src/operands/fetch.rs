//! Getting a missing issuer's certificate from the address that a certificate names for it (AIA).
//!
//! Only `merge --fetch` does this. The address is http by rule: fetching over https would need the very chain that is
//! missing (RFC 5280 section 8). For the same reason a few redirects are followed, to other http addresses only. The
//! answer proves nothing by itself; it is used only where its key verifies the signature of the certificate that named it.

use std::time::Duration;

use crate::chain::Located;
use crate::container::{self, BlockKind};
use crate::finding::Location;
use crate::x509::{Certificate, SignatureCheck};

/// For one address, from the first packet to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Some CAs answer with all of their cross-signs in one PKCS#7.
const MAX_BYTES: usize = 1 << 20;
const MAX_REDIRECTS: usize = 3;
/// Addresses of one certificate that are tried: CAs name one or two.
const MOST_URLS: usize = 4;

/// Why an address did not give the issuer.
#[derive(Debug, thiserror::Error)]
#[error("cannot get the issuer of `{label}` from {url}: {reason}")]
pub struct FetchError {
    /// The certificate whose issuer is missing.
    label: String,
    url: String,
    reason: FetchFailure,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFailure {
    #[error("the answer is not a certificate")]
    NotACertificate,
    #[error("only http:// addresses are fetched")]
    NotHttp,
    #[error("the certificate there did not sign this one")]
    NotTheIssuer,
    #[error(
        "the server answered with status {status} and sends to `{to}`; only http:// addresses are fetched"
    )]
    RedirectedAway { status: u16, to: String },
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the server redirects more than {MAX_REDIRECTS} times")]
    TooManyRedirects,
    #[error("the answer is larger than {} KiB", MAX_BYTES >> 10)]
    TooLarge,
    /// No connection, no answer in time, a broken answer.
    #[error("{0}")]
    Transport(String),
}

/// The issuer of a certificate, and the address that it came from.
#[derive(Debug)]
pub struct FetchedIssuer {
    pub issuer: Located,
    pub url: String,
}

/// Gets the certificate that signed `certificate`, from the first address in it that has it. `on_start` is called with
/// each address before the request.
pub fn fetch_issuer(
    certificate: &Certificate,
    on_start: &dyn Fn(&str),
) -> (Option<FetchedIssuer>, Vec<FetchError>) {
    let mut errors = Vec::new();
    for url in certificate.issuer_urls.iter().take(MOST_URLS) {
        on_start(url);
        match issuer_at(url, certificate) {
            Ok(issuer) => return (Some(FetchedIssuer { issuer, url: url.clone() }), errors),
            Err(reason) => {
                errors.push(FetchError { label: certificate.label(), url: url.clone(), reason });
            }
        }
    }
    (None, errors)
}

fn issuer_at(url: &str, certificate: &Certificate) -> Result<Located, FetchFailure> {
    let contents = container::read(&get(url)?, None);
    let blocks = contents.blocks.iter().filter(|block| block.kind == BlockKind::Certificate);
    let found: Vec<_> = blocks.filter_map(|block| Certificate::from_der(block.der.to_vec()).ok()).collect();
    if found.is_empty() {
        return Err(FetchFailure::NotACertificate);
    }
    let is_issuer = |found: &Certificate| {
        certificate.names_issuer(found) && certificate.signature_by(found) != SignatureCheck::Invalid
    };
    let issuer = found.into_iter().find(is_issuer).ok_or(FetchFailure::NotTheIssuer)?;
    Ok(Located { certificate: issuer, location: Some(Location::file(url)) })
}

/// The bytes at `url`.
///
/// # Errors
/// When they do not arrive within the limits.
fn get(url: &str) -> Result<Vec<u8>, FetchFailure> {
    if !url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        return Err(FetchFailure::NotHttp);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| FetchFailure::Transport(error.to_string()))?;
    runtime.block_on(request(url))
}

async fn request(url: &str) -> Result<Vec<u8>, FetchFailure> {
    let redirects = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.url().scheme() != "http" || attempt.previous().len() > MAX_REDIRECTS {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    // reqwest needs a TLS configuration even where none is used.
    let tls =
        rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchFailure::Transport(error.to_string()))?
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
        return Err(refused(&answer));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| transport(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchFailure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why an answer without success is one, a redirect that was not followed included.
fn refused(answer: &reqwest::Response) -> FetchFailure {
    let status = answer.status();
    let location = answer.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    match location.filter(|_| status.is_redirection()) {
        Some(to) => match answer.url().join(to) {
            Ok(url) if url.scheme() == "http" => FetchFailure::TooManyRedirects,
            _ => FetchFailure::RedirectedAway {
                status: status.as_u16(),
                to: to.chars().take(MAX_SHOWN).collect(),
            },
        },
        None => FetchFailure::Status(status.as_u16()),
    }
}

/// Characters of an address that a server chose.
const MAX_SHOWN: usize = 200;

fn transport(error: &reqwest::Error) -> FetchFailure {
    let reason = if error.is_timeout() {
        format!("no answer within {} s", TIMEOUT.as_secs())
    } else if error.is_connect() {
        "cannot connect to the server".to_owned()
    } else if error.is_builder() {
        "this is not a valid address".to_owned()
    } else {
        "the connection failed".to_owned()
    };
    FetchFailure::Transport(reason)
}
