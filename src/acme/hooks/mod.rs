//! Commands of the user: around an order, and when a certificate nears its end without success.

pub mod failure_hook;
pub mod run_hooks;
