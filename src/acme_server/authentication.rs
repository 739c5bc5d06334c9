//! Who has signed a request: the checks of RFC 8555 section 6.2 to 6.5, in an order in which nobody can use up the
//! nonces of others.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::call::{Call, network, split_url};
use super::core::Core;
use super::jwk::Jwk;
use super::jws::{NamedKey, SignedRequest};
use super::problem::{Problem, ProblemType};

/// Which key a resource takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyRule {
    /// That of an account.
    Account,
    /// One that is sent along.
    Jwk,
    /// Either.
    Any,
}

/// A request whose signature holds, and whose nonce is used up.
pub(super) struct Authenticated {
    pub(super) request: SignedRequest,
    /// The account that has signed; `None`: the key was sent along.
    pub(super) account: Option<String>,
    /// The key that has signed.
    pub(super) key: Jwk,
    /// `https://HOST:PORT`, as the client knows the server.
    pub(super) base: String,
    pub(super) now: OffsetDateTime,
    /// The network that it came from.
    pub(super) network: IpAddr,
}

impl Authenticated {
    /// The account, where the rule wants one.
    ///
    /// # Errors
    /// `malformed`.
    pub(super) fn account(&self) -> Result<&str, Problem> {
        self.account.as_deref().ok_or_else(|| Problem::malformed("the protected header needs `kid`"))
    }
}

impl Core {
    /// Verifies a request.
    ///
    /// # Errors
    /// What RFC 8555 has for each of the checks.
    pub(super) fn authenticate(
        &mut self,
        call: &Call<'_>,
        base: &str,
        rule: KeyRule,
        now: OffsetDateTime,
    ) -> Result<Authenticated, Problem> {
        if call.content_type != Some("application/jose+json") {
            let detail = "requests have the Content-Type application/jose+json";
            return Err(Problem::malformed(detail).with_status(415));
        }
        let request = SignedRequest::read(call.body)?;
        let (account, key) = match (&request.key, rule) {
            (NamedKey::Kid(_), KeyRule::Jwk) => {
                return Err(Problem::malformed("this resource takes a `jwk`, not a `kid`"));
            }
            (NamedKey::Jwk(_), KeyRule::Account) => {
                return Err(Problem::malformed("this resource takes a `kid`, not a `jwk`"));
            }
            (NamedKey::Kid(kid), _) => {
                let id = self.account_of_url(kid);
                let unknown = || Problem::new(ProblemType::AccountDoesNotExist, "there is no such account");
                let known = id.and_then(|id| self.accounts.get(id)).ok_or_else(unknown)?;
                (Some(known.account.id.clone()), known.account.key.clone())
            }
            (NamedKey::Jwk(key), _) => (None, key.clone()),
        };
        request.verify(&key)?;
        let is_fresh = request.nonce.as_deref().is_some_and(|nonce| self.nonces.take(nonce));
        if !is_fresh {
            let detail = "the nonce is not one of this server, or was used before";
            return Err(Problem::new(ProblemType::BadNonce, detail));
        }
        let is_this_url = split_url(&request.url).is_some_and(|(authority, path)| {
            path == call.path && base.strip_prefix("https://") == Some(&authority)
        });
        if !is_this_url {
            return Err(Problem::unauthorized("the `url` of the protected header is another one"));
        }
        let is_active = |id: &String| self.accounts.get(id).is_some_and(|known| !known.account.deactivated);
        if account.as_ref().is_some_and(|id| !is_active(id)) {
            return Err(Problem::unauthorized("the account is deactivated").with_status(401));
        }
        if let Some(known) = account.as_ref().and_then(|id| self.accounts.get(id)) {
            self.require_external_account(&known.account)?;
        }
        Ok(Authenticated { request, account, key, base: base.to_owned(), now, network: network(call.client) })
    }

    /// The id in the URL of an account; hosts are all those of the server.
    fn account_of_url<'u>(&self, url: &'u str) -> Option<&'u str> {
        let (authority, path) = split_url(url)?;
        let id = path.strip_prefix("/acme/account/")?;
        self.config.authorities.contains(&authority).then_some(id)
    }
}
