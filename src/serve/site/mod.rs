//! What is served: who answers which path.

pub(super) mod access;
mod access_phase;
pub(super) mod ajp_secret;
mod applications;
mod build;
pub(super) mod check;
pub(super) mod edge;
pub(super) mod http_challenges;
mod known_hosts;
pub(super) mod router;
pub(super) mod rules;
pub(super) mod sites;
pub(super) mod snapshot;
