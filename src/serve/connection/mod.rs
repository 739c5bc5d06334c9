//! What is known of one connection, for every request on it.

pub(super) mod activity;
pub(super) mod client_stream;
pub(super) mod counted_frames;
pub(super) mod guarded;
pub(super) mod registry;
mod send_window;
mod unread;
mod write_rate;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use self::activity::Activity;
use super::counters::Counters;
use crate::tls::Session;

#[derive(Debug)]
pub(super) struct Connection {
    /// The client's address; empty on a unix socket.
    pub(super) peer_address: Bytes,
    pub(super) peer_port: u16,
    /// The port it came in on, as text; on a unix socket the scheme's own.
    pub(super) server_port: Bytes,
    /// Its own address; `None` on a unix socket.
    pub(super) server_address: Option<IpAddr>,
    pub(super) tls: Option<Arc<Session>>,
    pub(super) role: ConnectionRole,
    /// Whether the other end is a front server whose word is taken for its clients.
    pub(super) is_trusted: bool,
    pub(super) activity: Arc<Activity>,
    /// Those of the thread that drives it.
    pub(super) counters: Arc<Counters>,
}

/// What requests on a connection are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionRole {
    /// The routes of the server.
    Serve,
    /// The same place on https, at this port if it is another than the one that was typed.
    Redirect { port: Option<u16> },
}
