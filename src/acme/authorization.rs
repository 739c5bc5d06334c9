//! Authorizations: what the server wants proved for each name of an order (RFC 8555 section 7.5).
//!
//! Requests are our own and several at a time, since an order may have a hundred names and instant-acme goes through
//! them one after another.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use instant_acme::{AuthorizationState, AuthorizationStatus, Challenge, ChallengeStatus, ChallengeType};
use serde_json::json;

use super::account::Session;
use super::caller::Caller;
use super::challenge::{ChallengeAnswer, ChallengeKind};
use super::error::Error;
use super::protocol_error::ProtocolError;
use super::{retry, signed};
use crate::x509::HostName;

/// How many requests are sent at a time. Let's Encrypt allows 20 per second from one address.
const AT_ONCE: usize = 8;

/// What the server wants proved for a name, as it said when it was last asked.
pub(super) struct Authorization {
    url: String,
    /// The name as it was ordered.
    pub name: String,
    host: HostName,
    state: AuthorizationState,
}

/// How the challenge of an authorization stands.
pub(super) enum ChallengeState {
    /// It waits for an answer; `is_told`: the server is looking already.
    Open {
        /// What the server will look for.
        answer: ChallengeAnswer,
        /// Whether it was told to look, by a run before this one.
        is_told: bool,
    },
    /// The name is proved already, or will never be.
    NotNeeded,
    /// There is no challenge of this kind, only of these.
    NotOffered(Vec<String>),
}

impl Authorization {
    /// Asks for all authorizations of an order.
    ///
    /// # Errors
    /// What every call to a server can end with; [`Error::BadAnswer`] for a name that was not ordered.
    pub(super) async fn fetch_all(
        urls: Vec<String>,
        names: &[String],
        session: &Session<'_>,
        caller: &dyn Caller,
    ) -> Result<Vec<Self>, Error> {
        let doing = "asking for the challenges";
        let requests = urls.into_iter().map(|url| async move {
            let state = retry::call(caller, doing, async || fetch(&url, session).await).await?;
            let (name, host) = known_name(&state.identifier().to_string(), names).ok_or_else(|| {
                let reason = "an authorization for a name that was not ordered".to_owned();
                Error::BadAnswer { doing, reason }
            })?;
            Ok(Self { url, name, host, state })
        });
        stream::iter(requests).buffered(AT_ONCE).try_collect().await
    }

    /// Tells the server to look for the answers to these authorizations.
    ///
    /// # Errors
    /// What every call to a server can end with.
    pub(super) async fn tell_all(
        open: &[&Self],
        kind: ChallengeKind,
        session: &Session<'_>,
        caller: &dyn Caller,
    ) -> Result<(), Error> {
        let requests = open.iter().map(|authorization| async move {
            let mut is_first = true;
            retry::call(caller, "answering the challenge", async || {
                // The server may have got the first try, whose answer was lost: so ask how it stands.
                let state = if std::mem::take(&mut is_first) {
                    None
                } else {
                    Some(fetch(&authorization.url, session).await?)
                };
                tell(state.as_ref().unwrap_or(&authorization.state), kind, session).await
            })
            .await
        });
        stream::iter(requests).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// How the challenge of this kind stands.
    ///
    /// # Errors
    /// [`Error::BadAnswer`] for a token that is none.
    pub(super) fn challenge_state(
        &self,
        kind: ChallengeKind,
        session: &Session<'_>,
    ) -> Result<ChallengeState, Error> {
        if self.state.status != AuthorizationStatus::Pending {
            return Ok(ChallengeState::NotNeeded);
        }
        let Some(challenge) = challenge(&self.state, kind) else {
            return Ok(ChallengeState::NotOffered(
                self.state.challenges.iter().map(|offer| word(&offer.r#type)).collect(),
            ));
        };
        let Some(answer) = self.answer(kind, session) else {
            let reason = "a challenge's token is not base64url".to_owned();
            return Err(Error::BadAnswer { doing: "asking for the challenges", reason });
        };
        Ok(ChallengeState::Open { answer, is_told: challenge.status != ChallengeStatus::Pending })
    }

    /// What answers or would have answered the challenge of this kind, whatever became of it.
    pub(super) fn answer(&self, kind: ChallengeKind, session: &Session<'_>) -> Option<ChallengeAnswer> {
        let token = challenge(&self.state, kind)?.token.clone();
        // RFC 8555 section 8.3 allows the letters of base64url only, and a token becomes the name of a file.
        if token.is_empty()
            || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return None;
        }
        // RFC 8555 section 8.1.
        let key_authorization = format!("{token}.{}", session.signer.thumbprint());
        Some(ChallengeAnswer { host: self.host.clone(), token, key_authorization })
    }

    /// Why the name could not be proved.
    pub(super) fn refusals(&self) -> impl Iterator<Item = ProtocolError> {
        self.state.challenges.iter().filter_map(|challenge| challenge.error.as_ref()).map(ProtocolError::from)
    }
}

async fn fetch(url: &str, session: &Session<'_>) -> Result<AuthorizationState, instant_acme::Error> {
    let answer = signed::post(&session.server.http, &session.signer, url, None).await?;
    Ok(serde_json::from_slice(answer.body())?)
}

/// Tells the server to look, unless it does or has done already.
async fn tell(
    state: &AuthorizationState,
    kind: ChallengeKind,
    session: &Session<'_>,
) -> Result<(), instant_acme::Error> {
    match challenge(state, kind) {
        Some(challenge)
            if state.status == AuthorizationStatus::Pending
                && challenge.status == ChallengeStatus::Pending =>
        {
            // RFC 8555 section 7.5.1: an empty object. The order has the state that follows.
            let http = &session.server.http;
            signed::post(http, &session.signer, &challenge.url, Some(&json!({}))).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

fn challenge(state: &AuthorizationState, kind: ChallengeKind) -> Option<&Challenge> {
    let wanted = match kind {
        ChallengeKind::Dns01 => ChallengeType::Dns01,
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    state.challenges.iter().find(|challenge| challenge.r#type == wanted)
}

/// The name of an authorization as it was ordered, and its host. Others are not answered: names go into files and
/// commands. A server may leave out that the name stands for its wildcard.
fn known_name(said: &str, names: &[String]) -> Option<(String, HostName)> {
    let exact = names.iter().find(|&name| name == said);
    let name = exact.or_else(|| names.iter().find(|name| name.strip_prefix("*.") == Some(said)))?;
    let host = HostName::parse(name.strip_prefix("*.").unwrap_or(name)).ok()?;
    Some((name.clone(), host))
}

/// A kind of challenge as RFC 8555 writes it.
fn word(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Dns01 => "dns-01".to_owned(),
        ChallengeType::Http01 => "http-01".to_owned(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        ChallengeType::Unknown(word) => word.clone(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordered_names_are_known() {
        let names = ["*.a.test", "a.test", "*.b.test", "2001:db8::7"].map(str::to_owned);
        let name = |said| known_name(said, &names).map(|(name, host)| (name, host.to_string()));
        assert_eq!(name("a.test"), Some(("a.test".into(), "a.test".into())));
        assert_eq!(name("*.a.test"), Some(("*.a.test".into(), "a.test".into())));
        assert_eq!(name("b.test"), Some(("*.b.test".into(), "b.test".into())));
        assert_eq!(name("2001:db8::7"), Some(("2001:db8::7".into(), "2001:db8::7".into())));
        for stranger in ["c.test", "x.a.test", "", "../a.test"] {
            assert_eq!(name(stranger), None);
        }
    }
}
