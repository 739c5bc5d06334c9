//! How a name is proven: which way was chosen, who answers, and a look whether the server can see it.

pub mod challenge_setup;
pub mod persistent;
pub mod presenting;
pub mod reserved_address;
pub mod self_test;
