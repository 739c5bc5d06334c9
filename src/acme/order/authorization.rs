//! Authorizations: what the server wants proved for each name of an order (RFC 8555 section 7.5).
//!
//! Several requests are under way at a time, since an order may have a hundred names.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use instant_acme::{AuthorizationStatus, ChallengeStatus};
use serde::Deserialize;
use serde_json::json;

use crate::acme::caller::Caller;
use crate::acme::challenge::{ChallengeAnswer, ChallengeKind, RecordScope, account_label};
use crate::acme::client::account::Session;
use crate::acme::client::http;
use crate::acme::client::retry;
use crate::acme::client::signed;
use crate::acme::error::Error;
use crate::acme::proof::persistent;
use crate::acme::proof::persistent::PersistentOffer;
use crate::acme::reply::address::resolve;
use crate::acme::reply::call_error::CallError;
use crate::acme::reply::lenient::{self, NamedIdentifier};
use crate::acme::reply::protocol_error::{MOST_PARTS, ProtocolError, part_on_one_line};
use crate::x509::HostName;

/// How many requests are sent at a time. Let's Encrypt allows 20 per second from one address.
const AT_ONCE: usize = 8;

/// What the server wants proved for a name, as it said when it was last asked.
pub struct Authorization {
    url: String,
    /// The name as it was ordered.
    pub name: String,
    host: HostName,
    state: AuthorizationObject,
}

/// What the server says of an authorization (RFC 8555 section 7.1.4). It is not instant-acme's `AuthorizationState`, which
/// fails as a whole on one unknown word in any of its challenges, and has no page about a refusal in them.
#[derive(Deserialize)]
struct AuthorizationObject {
    identifier: NamedIdentifier,
    /// None that RFC 8555 has: `None`.
    #[serde(deserialize_with = "lenient::word")]
    status: Option<AuthorizationStatus>,
    challenges: Vec<Challenge>,
    #[serde(default)]
    wildcard: bool,
}

/// One way to prove the name (RFC 8555 section 7.1.5).
#[derive(Deserialize)]
struct Challenge {
    /// Not instant-acme's `ChallengeType`, which does not say its own name: what is offered is shown to users.
    r#type: String,
    url: String,
    #[serde(default)]
    token: String,
    /// None that RFC 8555 has: `None`.
    #[serde(deserialize_with = "lenient::word")]
    status: Option<ChallengeStatus>,
    error: Option<ProtocolError>,
    #[serde(flatten)]
    persistent: PersistentOffer,
}

impl Challenge {
    /// Whether the server waits to be told to look.
    fn is_pending(&self) -> bool {
        self.status == Some(ChallengeStatus::Pending)
    }
}

/// How the challenge of an authorization stands.
pub enum ChallengeState {
    /// It waits for an answer; `is_told`: the server is looking already.
    Open {
        /// What the server will look for.
        answer: ChallengeAnswer,
        /// Whether it was told to look, by a run before this one.
        is_told: bool,
    },
    /// The name is proved already, or will never be.
    NotNeeded,
    /// The server offers no challenge of the wanted kind, only these.
    NotOffered(Vec<String>),
}

impl Authorization {
    /// Asks for all authorizations of an order.
    ///
    /// # Errors
    /// What every call to a server can end with; [`Error::BadAnswer`] for a name that was not ordered.
    pub async fn fetch_all(
        urls: Vec<String>,
        names: &[String],
        session: &Session<'_>,
        caller: &dyn Caller,
    ) -> Result<Vec<Self>, Error> {
        let doing = "asking for the challenges";
        let requests = urls.into_iter().map(|url| async move {
            let state = retry::call(caller, doing, async || fetch(&url, session).await).await?;
            let (name, host) = known_name(&state.name(), names).ok_or_else(|| {
                let reason = "an authorization for a name that was not ordered".to_owned();
                Error::BadAnswer { doing, reason }
            })?;
            Ok(Self { url, name, host, state })
        });
        stream::iter(requests).buffered(AT_ONCE).try_collect().await
    }

    /// Tells the server to look for the answers to these authorizations. It may have looked in the meantime, where a run
    /// before this one has told it: then there is nothing to tell.
    ///
    /// # Errors
    /// What every call to a server can end with.
    pub async fn tell_all(
        open: &[&Self],
        kind: ChallengeKind,
        session: &Session<'_>,
        caller: &dyn Caller,
    ) -> Result<(), Error> {
        let requests = open.iter().map(|authorization| async move {
            let doing = "answering the challenge";
            let mut is_first = true;
            let told = retry::call(caller, doing, async || {
                // The server may have got the first try, whose answer was lost: so ask how it stands.
                let state = if std::mem::take(&mut is_first) {
                    None
                } else {
                    Some(fetch(&authorization.url, session).await?)
                };
                tell(state.as_ref().unwrap_or(&authorization.state), kind, session).await
            })
            .await;
            let Err(refused @ Error::Refused { .. }) = told else { return told };
            let state = retry::call(caller, doing, async || fetch(&authorization.url, session).await).await?;
            let is_open = state.is_pending() && challenge(&state, kind).is_some_and(Challenge::is_pending);
            if is_open { Err(refused) } else { Ok(()) }
        });
        stream::iter(requests).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// How the challenge of this kind stands.
    ///
    /// # Errors
    /// [`Error::BadAnswer`] for a token that is none.
    pub fn challenge_state(
        &self,
        kind: ChallengeKind,
        session: &Session<'_>,
    ) -> Result<ChallengeState, Error> {
        if !self.state.is_pending() {
            return Ok(ChallengeState::NotNeeded);
        }
        let Some(challenge) = challenge(&self.state, kind) else {
            return Ok(ChallengeState::NotOffered(
                self.state
                    .challenges
                    .iter()
                    .take(MOST_PARTS)
                    .map(|offer| part_on_one_line(&offer.r#type))
                    .collect(),
            ));
        };
        let Some(answer) = self.answer(kind, session) else {
            let reason = match kind {
                ChallengeKind::DnsPersist01 => "a challenge's issuerDomainNames or accounturi cannot be used",
                _ => "a challenge's token is not base64url",
            };
            let reason = reason.to_owned();
            return Err(Error::BadAnswer { doing: "asking for the challenges", reason });
        };
        Ok(ChallengeState::Open { answer, is_told: !challenge.is_pending() })
    }

    /// What answers or would have answered the challenge of this kind, whatever became of it.
    pub fn answer(&self, kind: ChallengeKind, session: &Session<'_>) -> Option<ChallengeAnswer> {
        let challenge = challenge(&self.state, kind)?;
        let token = challenge.token.clone();
        if kind == ChallengeKind::DnsPersist01 {
            // It has no token: the record is the same for every order.
            let is_wildcard = self.name.starts_with("*.");
            let demand = persistent::demand(session, &self.host.to_string(), is_wildcard).ok()?;
            let demand = challenge.persistent.applied_to(demand)?;
            let (host, scope) = (self.host.clone(), RecordScope::Persistent(demand));
            return Some(ChallengeAnswer { host, token, key_authorization: String::new(), scope });
        }
        // RFC 8555 section 8.3 allows the letters of base64url only, and a token becomes the name of a file.
        if token.is_empty()
            || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return None;
        }
        // RFC 8555 section 8.1.
        let key_authorization = format!("{token}.{}", session.signer.thumbprint());
        let scope = match (kind, session.signer.account()) {
            (ChallengeKind::DnsAccount01, Some(url)) => RecordScope::Account(account_label(url)),
            _ => RecordScope::Name,
        };
        Some(ChallengeAnswer { host: self.host.clone(), token, key_authorization, scope })
    }

    /// Why the name could not be proved.
    pub fn refusals(&self) -> impl Iterator<Item = ProtocolError> {
        self.state.challenges.iter().filter_map(|challenge| challenge.error.clone())
    }
}

impl AuthorizationObject {
    fn is_pending(&self) -> bool {
        self.status == Some(AuthorizationStatus::Pending)
    }

    /// The name, with `*.` before it for a wildcard.
    fn name(&self) -> String {
        if self.wildcard { format!("*.{}", self.identifier.value) } else { self.identifier.value.clone() }
    }
}

async fn fetch(url: &str, session: &Session<'_>) -> Result<AuthorizationObject, CallError> {
    let answer = signed::post(&session.server.http, &session.signer, url, None).await?;
    let mut state: AuthorizationObject = http::json(&answer)?;
    for challenge in &mut state.challenges {
        challenge.url = resolve(url, &challenge.url)?;
    }
    Ok(state)
}

/// Tells the server to look, unless it does or has done already.
async fn tell(
    state: &AuthorizationObject,
    kind: ChallengeKind,
    session: &Session<'_>,
) -> Result<(), CallError> {
    match challenge(state, kind) {
        Some(challenge) if state.is_pending() && challenge.is_pending() => {
            // RFC 8555 section 7.5.1: an empty object. The order has the state that follows.
            let http = &session.server.http;
            signed::post(http, &session.signer, &challenge.url, Some(&json!({}))).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

fn challenge(state: &AuthorizationObject, kind: ChallengeKind) -> Option<&Challenge> {
    let wanted = kind.to_string();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_neither_pending_nor_an_error() {
        let read = |status: &str, challenge: &str| {
            let challenge = json!({"type": "new-01", "url": "/c", "status": challenge, "token": "t"});
            let identifier = json!({"type": "new", "value": "a.test"});
            let object = json!({"identifier": identifier, "status": status, "challenges": [challenge]});
            let object: AuthorizationObject = serde_json::from_value(object).unwrap();
            (object.is_pending(), object.challenges[0].is_pending(), object.name())
        };
        let name = || "a.test".to_owned();
        assert_eq!(read("pending", "pending"), (true, true, name()));
        assert_eq!(read("Pending", "waiting"), (false, false, name()));
        assert_eq!(read("valid", "processing"), (false, false, name()));
    }

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
