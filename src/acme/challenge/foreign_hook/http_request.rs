//! lego's `httpreq`: a server that sets records, asked with one JSON object for each.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::super::Error;
use super::super::credentials::Credentials;
use super::{Subject, is_raw, variable_of};
use crate::tls::{client_config, policy};

const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How many bytes of an answer are read.
const READ: usize = 64 * 1024;
/// How many of them are shown, after secrets were taken out: half a secret would stay.
const SHOWN: usize = 2000;

/// The server.
#[derive(Debug)]
pub(super) struct HttpRequestHook {
    url: String,
    client: reqwest::Client,
}

/// The body of a request.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Record {
        fqdn: &'a str,
        value: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    Raw {
        domain: String,
        token: &'a str,
        key_auth: &'a str,
    },
}

impl HttpRequestHook {
    /// Looks at the address and sets up TLS.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let parsed = url.parse::<http::Uri>().map_err(|error| error.to_string())?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none() {
            return Err("it is not the address of a server".to_owned());
        }
        if parsed.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("put the password into HTTPREQ_PASSWORD in the file of the credentials".to_owned());
        }
        // What is called is the path with `/present` at its end, and the state keeps the address.
        if parsed.query().is_some() {
            return Err("it has a query".to_owned());
        }
        let tls = match parsed.scheme_str() {
            Some("https") => client_config(None).map_err(|error| error.to_string())?,
            _ => Arc::new(no_roots().map_err(|error| error.to_string())?),
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(Arc::unwrap_or_clone(tls))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIME_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client })
    }

    /// Posts one record.
    ///
    /// # Errors
    /// [`Error::HookFailed`] when it is not taken; in its reason there may be secrets.
    pub(super) async fn call(
        &self,
        verb: &'static str,
        subject: &Subject<'_>,
        credentials: &Credentials,
        redact: impl Fn(&str) -> String,
    ) -> Result<(), Error> {
        let failed = |reason: String, output: &str| Error::HookFailed {
            program: PathBuf::from(&self.url),
            verb,
            fqdn: subject.fqdn.clone(),
            reason,
            output: output.to_owned(),
        };
        let body = if is_raw("HTTPREQ_MODE", credentials) {
            let answer = subject.answer;
            Body::Raw {
                domain: answer.host.to_string(),
                token: &answer.token,
                key_auth: &answer.key_authorization,
            }
        } else {
            Body::Record { fqdn: &subject.fqdn, value: &subject.record.value }
        };
        let body = serde_json::to_string(&body).map_err(|error| failed(error.to_string(), ""))?;
        let mut request = self
            .client
            .post(format!("{}/{verb}", self.url))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let variable = |name| variable_of(name, credentials).filter(|value| !value.is_empty());
        // Both must be set, as with lego.
        if let (Some(user), Some(password)) = (variable("HTTPREQ_USERNAME"), variable("HTTPREQ_PASSWORD")) {
            request = request.basic_auth(user, Some(password));
        }
        let mut response = request.send().await.map_err(|error| failed(in_words(&error), ""))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let mut text = Vec::new();
        while text.len() < READ
            && let Ok(Some(chunk)) = response.chunk().await
        {
            text.extend_from_slice(&chunk);
        }
        let text = redact(String::from_utf8_lossy(&text).trim());
        Err(failed(format!("the server answers {status}"), beginning_of(&text)))
    }
}

/// The beginning of an answer, which is shown.
fn beginning_of(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN)).unwrap_or(text)
}

/// What a server may repeat of a request, also if it came from the environment.
pub(super) fn secrets(credentials: &Credentials) -> Vec<Zeroizing<String>> {
    let variable = |name| variable_of(name, credentials).filter(|value| !value.is_empty());
    let Some(password) = variable("HTTPREQ_PASSWORD") else { return Vec::new() };
    let user = variable("HTTPREQ_USERNAME").unwrap_or_default();
    let basic = STANDARD.encode(format!("{user}:{password}"));
    vec![Zeroizing::new(password), Zeroizing::new(basic)]
}

/// For a server without TLS, so that the system's roots are not needed.
fn no_roots() -> Result<rustls::ClientConfig, rustls::Error> {
    let config = rustls::ClientConfig::builder_with_provider(policy::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(config)
}

/// The innermost cause: the outer ones repeat the address.
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
