//! Where connections come from: listeners, and what drives each connection until it ends.

pub(super) mod admission;
pub(super) mod bind;
pub(super) mod driver;
mod gateway;
mod handshake;
mod hellos;
pub(super) mod listener;
mod preparation;
mod proxy;
pub(super) mod threads;
