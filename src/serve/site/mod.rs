//! What is served: who answers which path.

pub(super) mod ajp_secret;
mod applications;
pub(super) mod http_challenges;
pub(super) mod router;
pub(super) mod rules;
pub(super) mod snapshot;
