//! Settings of certificates on demand that cannot be used.

use crate::finding::{Code, Finding};
use crate::report::Failure;

/// Why they cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnDemandError {
    #[error("cannot use --acme-ask {url}: {reason}")]
    AskUrl { url: String, reason: String },
    #[error("--acme-on-demand {name}: {reason}")]
    Name { name: String, reason: &'static str },
    #[error(
        "--acme-on-demand {0} lets any client order certificates, because nobody is asked about the names"
    )]
    WildcardWithoutAsk(String),
}

impl From<OnDemandError> for Failure {
    fn from(error: OnDemandError) -> Self {
        let (code, fix) = match &error {
            OnDemandError::AskUrl { .. } => (
                Code::InvalidSetting,
                "Name the address that answers about a name: `--acme-ask http://127.0.0.1:8000/ask`.",
            ),
            OnDemandError::Name { .. } => (Code::InvalidName, "Use a host name such as www.example.com."),
            OnDemandError::WildcardWithoutAsk(_) => {
                (Code::InvalidSetting, "List the names one by one, or add `--acme-ask URL`.")
            }
        };
        Finding::error(code, error.to_string()).fix(fix).into()
    }
}
