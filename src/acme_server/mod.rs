//! The protocol of an ACME server (RFC 8555, 8737, 8738, 9773) without sockets, files and clock.
//!
//! ```text
//! Call ──> Core::handle ──> Step: records to keep, validations to do, and a Reply, or what has to be issued or revoked
//! ```
//!
//! The room around it (`ca_server`) reads requests, keeps the records, validates challenges and issues, and says here
//! what came of it. A request for what its client may not do gets a [`Problem`].
//!
//! | file | what it does |
//! |---|---|
//! | `call`, `reply`, `problem` | a request, and what is sent for it |
//! | `jws`, `jwk`, `strict_json` | signed requests, keys, JSON without duplicate members |
//! | `nonces` | each taken once, in fixed memory |
//! | `core`, `dispatch`, `authentication` | the state, which resource a path names, who has signed |
//! | `step` | what a request leads to |
//! | `accounts`, `orders`, `authorizations`, `finalize`, `revocation`, `renewal_info` | the resources |
//! | `identifier`, `sent_identifier`, `policy` | names, and which of them are certified |
//! | `issuers` | how TXT records for dns-persist-01 name this CA and its accounts |
//! | `rate_limits`, `capacity` | how often, and how many |
//! | `records` | what outlives the process |

mod accounts;
mod authentication;
mod authorizations;
mod call;
mod capacity;
mod core;
mod dispatch;
mod finalize;
mod identifier;
mod issuers;
mod jwk;
mod jws;
mod nonces;
mod orders;
mod policy;
mod problem;
mod rate_limits;
mod records;
mod renewal_info;
mod reply;
mod revocation;
mod sent_identifier;
mod step;
mod strict_json;
#[cfg(test)]
mod tests;

pub use self::call::{Call, network};
pub use self::core::{Config, Core, KnownCertificate, Unpublished};
pub use self::identifier::Identifier;
pub use self::policy::Policy;
pub use self::problem::{Problem, ProblemType};
pub use self::records::{ChallengeMethod, Record};
pub use self::reply::Reply;
pub use self::step::{IssuanceOrder, Next, RevocationOrder, Step, Validation};
