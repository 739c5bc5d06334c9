//! Where connections come from: listeners, and what drives each connection until it ends.

pub(super) mod driver;
mod gateway;
pub(super) mod listener;
