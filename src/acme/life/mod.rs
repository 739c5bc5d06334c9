//! A certificate in use: obtained, due, renewed, by another server when one fails, revoked, retired.

pub mod ari;
pub mod current;
pub mod delete;
pub mod due;
pub mod fallback;
pub mod obtain;
pub mod rehearsal;
pub mod renewer;
pub mod revoke;
