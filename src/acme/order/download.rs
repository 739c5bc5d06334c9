//! The chain of an order, and the choice among several (RFC 8555 section 7.4.2).

use http::header::LINK;

use crate::acme::caller::Caller;
use crate::acme::client::account::Session;
use crate::acme::client::http::is_html;
use crate::acme::client::retry;
use crate::acme::client::signed;
use crate::acme::error::Error;
use crate::acme::remark::Remark;
use crate::acme::reply::address::{links, resolve};
use crate::acme::reply::call_error::CallError;
use crate::acme::storage::pem_files;
use crate::x509::Certificate;

/// Servers have two or three; more are not looked at.
const MOST_ALTERNATES: usize = 8;
pub const DOING: &str = "fetching the certificate";

/// Fetches the chain at this address, leaf first: the one whose last issuer has the common name `preferred`, else the
/// server's own choice.
///
/// # Errors
/// What every call to a server can end with.
pub async fn chain(
    session: &Session<'_>,
    url_of_default: &str,
    preferred: Option<&str>,
    caller: &dyn Caller,
) -> Result<Vec<Certificate>, Error> {
    let (default, alternates) = fetch(session, url_of_default, caller).await?;
    let Some(preferred) = preferred.filter(|preferred| !ends_with(&default, preferred)) else {
        return Ok(default);
    };
    for url in alternates.iter().take(MOST_ALTERNATES) {
        // The server's own choice is at hand: an alternate that cannot be had is none.
        let Ok(url) = resolve(url_of_default, url) else { continue };
        match fetch(session, &url, caller).await {
            Ok((chain, _)) if ends_with(&chain, preferred) => return Ok(chain),
            Err(error) if !passes(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(default)
}

/// Whether another try may bring the chain. It is issued, and the server owes it: a page of HTML, half a chain, and an
/// address that is not there yet are troubles of the way to it.
pub fn passes(error: &Error) -> bool {
    match error {
        Error::BadAnswer { .. } | Error::NotFromServer { .. } => true,
        Error::Refused { refusal, .. } => refusal.status == Some(404),
        _ => false,
    }
}

/// What it means that the last try in this run did not bring the chain either.
pub fn owed(error: Error) -> Error {
    let why = match error {
        Error::BadAnswer { reason, .. } => format!("the server sent an invalid answer: {reason}"),
        Error::NotFromServer { reason, .. } => reason,
        Error::Refused { refusal, .. } => format!("the server refused: {refusal}"),
        error => return error,
    };
    let reason = format!("{why}\nthe certificate is issued; its order and key are kept");
    Error::TryLater { doing: DOING, reason, retry_after: None }
}

/// The remark when the preferred chain is not among those on offer.
pub fn remark(chain: &[Certificate], preferred: Option<&str>) -> Option<Remark> {
    let preferred = preferred.filter(|preferred| !ends_with(chain, preferred))?;
    let issuer = chain.last().map(|last| last.issuer.to_string()).unwrap_or_default();
    Some(Remark::ChainNotOffered { preferred: preferred.to_owned(), issuer })
}

async fn fetch(
    session: &Session<'_>,
    url: &str,
    caller: &dyn Caller,
) -> Result<(Vec<Certificate>, Vec<String>), Error> {
    let response = retry::call(caller, DOING, async || {
        signed::post(&session.server.http, &session.signer, url, None).await
    })
    .await?;
    let bad = |reason: String| Error::BadAnswer { doing: DOING, reason };
    if is_html(&response) {
        let reason = format!("the answer is {}", CallError::Html);
        return Err(Error::NotFromServer { doing: DOING, status: response.status().as_u16(), reason });
    }
    let chain = pem_files::parse_chain(response.body()).map_err(bad)?;
    Ok((chain, links(response.headers().get_all(LINK), "alternate")))
}

/// Whether the root that the chain leads to has this common name. The last certificate's own name does not count: a
/// cross-signed root leads to another one.
fn ends_with(chain: &[Certificate], common_name: &str) -> bool {
    chain.last().is_some_and(|last| last.issuer.common_name() == Some(common_name))
}
