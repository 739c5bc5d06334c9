//! What a client asks for: the host, the variables of a front server, the body, and what of all that the application
//! gets to see.

pub(super) mod body;
pub(super) mod environ;
pub(super) mod host;
pub(super) mod variables;
