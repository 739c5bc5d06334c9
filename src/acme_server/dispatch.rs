//! Which resource a path names, and what may be done with it.

use serde_json::json;
use time::OffsetDateTime;

use super::authentication::{Authenticated, KeyRule};
use super::call::{Call, normal_authority};
use super::core::Core;
use super::issuers::hash_prefix;
use super::problem::{Problem, ProblemType};
use super::reply::Reply;
use super::step::{Next, Step};

type Result<T = Step> = std::result::Result<T, Problem>;

/// So many of its names are told to a client that has another one.
const NAMES_SHOWN: usize = 3;

impl Core {
    /// Handles a request.
    pub fn handle(&mut self, call: &Call<'_>, now: OffsetDateTime) -> Step {
        self.begin_change();
        let authority = normal_authority(call.authority);
        // The header names the URL that was signed; another server's must not be taken for it.
        if !self.config.authorities.contains(&authority) {
            let known: Vec<_> =
                self.config.authorities.iter().take(NAMES_SHOWN).map(String::as_str).collect();
            let known = known.join(", ");
            let detail = format!("this server is reached as {known}; `--name` gives it other names");
            return Step::from(&Problem::malformed(detail).with_status(421));
        }
        let base = format!("https://{authority}");
        let mut step = match self.route(call, &base, now) {
            Ok(step) => step,
            Err(problem) => Step::from(&problem),
        };
        if let Next::Reply(reply) = step.next {
            let reply = if call.method == "POST" { self.with_nonce(reply) } else { reply };
            step.next = Next::Reply(with_index(reply, &base));
        }
        step
    }

    /// The reply with what every answer to a POST has.
    pub(super) fn complete(&mut self, reply: Reply, base: &str) -> Reply {
        with_index(self.with_nonce(reply), base)
    }

    /// The problem that a body of too many bytes gets.
    pub fn too_large(&self) -> Reply {
        Reply::from(&Problem::malformed("the body is too large").with_status(413))
    }

    /// The problem of a server that cannot do what it is for.
    pub fn internal_error(&self) -> Reply {
        let detail = "the server could not do this; its log says why";
        Reply::from(&Problem::new(ProblemType::ServerInternal, detail))
    }

    fn route(&mut self, call: &Call<'_>, base: &str, now: OffsetDateTime) -> Result {
        let segments: Vec<&str> = call.path.split('/').skip(1).take(6).collect();
        let account = KeyRule::Account;
        match segments.as_slice() {
            ["directory"] => self.readable(call, base, now, |core| core.directory(base)),
            ["acme", "new-nonce"] => self.readable(call, base, now, |core| {
                let status = if call.method == "HEAD" { 200 } else { 204 };
                core.with_nonce(Reply::empty(status))
            }),
            ["acme", "renewal-info", id] => {
                if !matches!(call.method, "GET" | "HEAD") {
                    return Err(
                        Problem::malformed("renewal information is read by GET").allowing("GET, HEAD")
                    );
                }
                self.renewal_info(id, now)
            }
            ["acme", "new-account"] => {
                let signed = self.signed(call, base, KeyRule::Jwk, now)?;
                self.new_account(&signed, call)
            }
            ["acme", "new-order"] => {
                let signed = self.signed(call, base, account, now)?;
                self.new_order(&signed)
            }
            ["acme", "key-change"] => {
                let signed = self.signed(call, base, account, now)?;
                self.key_change(&signed)
            }
            ["acme", "revoke-cert"] => {
                let signed = self.signed(call, base, KeyRule::Any, now)?;
                self.revoke_certificate(&signed)
            }
            ["acme", "account", id] => {
                let signed = self.signed(call, base, account, now)?;
                self.account(&signed, id)
            }
            ["acme", "account", id, "orders"] => {
                let signed = self.signed(call, base, account, now)?;
                self.orders_of_account(&signed, id)
            }
            ["acme", "order", id] => {
                let signed = self.signed(call, base, account, now)?;
                self.order(&signed, id)
            }
            ["acme", "order", id, "finalize"] => {
                let signed = self.signed(call, base, account, now)?;
                self.finalize(&signed, id)
            }
            ["acme", "authorization", id, index] => {
                let signed = self.signed(call, base, account, now)?;
                self.authorization(&signed, id, index)
            }
            ["acme", "challenge", id, index, method] => {
                let signed = self.signed(call, base, account, now)?;
                self.challenge(&signed, id, index, method)
            }
            ["acme", "certificate", id] => {
                let signed = self.signed(call, base, account, now)?;
                self.certificate(&signed, id)
            }
            _ => Err(Problem::not_found()),
        }
    }

    fn signed(
        &mut self,
        call: &Call<'_>,
        base: &str,
        rule: KeyRule,
        now: OffsetDateTime,
    ) -> Result<Authenticated> {
        if call.method != "POST" {
            let detail = "resources are read by POST-as-GET (RFC 8555 section 6.3)";
            return Err(Problem::malformed(detail).allowing("POST"));
        }
        self.authenticate(call, base, rule, now)
    }

    /// A resource that is read by GET, and by POST-as-GET (RFC 8555 section 6.3).
    fn readable(
        &mut self,
        call: &Call<'_>,
        base: &str,
        now: OffsetDateTime,
        reply: impl FnOnce(&mut Self) -> Reply,
    ) -> Result {
        match call.method {
            "GET" | "HEAD" => Ok(reply(self).into()),
            "POST" => {
                self.authenticate(call, base, KeyRule::Account, now)?.request.require_no_payload()?;
                Ok(reply(self).into())
            }
            _ => Err(Problem::malformed("this resource is read by GET").allowing("GET, HEAD, POST")),
        }
    }

    /// RFC 8555 section 7.1.1.
    fn directory(&self, base: &str) -> Reply {
        // Who came by the address of the machine is sent to its name, which is what clients keep.
        let named = self.config.authorities.get(..self.config.named).unwrap_or_default();
        let is_named = named.iter().any(|known| base.strip_prefix("https://") == Some(known));
        let base = named
            .first()
            .filter(|_| !is_named)
            .map_or_else(|| base.to_owned(), |first| format!("https://{first}"));
        let url = |name: &str| format!("{base}/acme/{name}");
        let mut meta = json!({"externalAccountRequired": self.config.external_accounts.is_some()});
        let issuers = self.config.issuers();
        if !issuers.is_empty() {
            // draft-ietf-acme-dns-persist-02 sections 3.2 and 4.1.
            meta["issuerDomainNames"] = issuers.into();
            meta["accountHashPrefix"] = hash_prefix(&base).into();
        }
        Reply::json(
            200,
            &json!({
                "newNonce": url("new-nonce"),
                "newAccount": url("new-account"),
                "newOrder": url("new-order"),
                "revokeCert": url("revoke-cert"),
                "keyChange": url("key-change"),
                "renewalInfo": url("renewal-info"),
                "meta": meta,
            }),
        )
    }

    fn with_nonce(&mut self, reply: Reply) -> Reply {
        if reply.header("replay-nonce").is_some() {
            return reply;
        }
        reply.with("replay-nonce", self.nonces.make()).with("cache-control", "no-store")
    }
}

fn with_index(reply: Reply, base: &str) -> Reply {
    reply.with("link", format!("<{base}/directory>;rel=\"index\""))
}
