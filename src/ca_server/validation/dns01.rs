//! dns-01 (RFC 8555 section 8.4): a TXT record at `_acme-challenge.NAME`; and dns-account-01
//! (draft-ietf-acme-dns-account-label-02): the same at `_LABEL._acme-challenge.NAME`.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use hickory_proto::rr::{RData, RecordType};

use super::super::settings::ChallengeSettings;
use super::addresses::records;
use crate::acme::challenge::{account_label, system_name_server};
use crate::acme_server::{ChallengeMethod, Problem, ProblemType, Validation};

/// # Errors
/// `dns`, `incorrectResponse`.
pub(super) async fn validate(validation: &Validation, settings: &ChallengeSettings) -> Result<(), Problem> {
    let resolver = resolver(settings)?;
    let wanted = BASE64URL.encode(digest(&SHA256, validation.key_authorization.as_bytes()));
    let mut result = Ok(());
    for name in record_names(validation) {
        result = look(resolver, &name, &wanted).await;
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Who is asked for TXT records.
///
/// # Errors
/// `dns`.
pub(super) fn resolver(settings: &ChallengeSettings) -> Result<SocketAddr, Problem> {
    let missing = || {
        let detail = "no name server is known here; --dns names one";
        Problem::new(ProblemType::Dns, detail)
    };
    settings.resolver.or_else(system_name_server).ok_or_else(missing)
}

/// Where the record may be: an account has a label for each of its URLs.
fn record_names(validation: &Validation) -> Vec<String> {
    let name = format!("_acme-challenge.{}", validation.identifier);
    if validation.method != ChallengeMethod::DnsAccount01 {
        return vec![name];
    }
    validation.account_urls.iter().map(|account| format!("{}.{name}", account_label(&account.url))).collect()
}

async fn look(resolver: SocketAddr, name: &str, wanted: &str) -> Result<(), Problem> {
    let records = records(resolver, name, RecordType::TXT).await?;
    let is_it = |data: &RData| match data {
        RData::TXT(text) => text.txt_data.concat() == wanted.as_bytes(),
        _ => false,
    };
    if records.iter().any(is_it) {
        return Ok(());
    }
    let detail = match records.len() {
        0 => format!("there is no TXT record at {name}"),
        count => format!("none of the TXT records at {name} ({count}) is {wanted}"),
    };
    Err(Problem::new(ProblemType::IncorrectResponse, detail))
}
