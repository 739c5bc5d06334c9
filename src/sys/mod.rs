//! The operating system: the clock, files that appear whole or not at all, the hosts file, the terminal.
//!
//! A leaf room: it knows nothing of certificates and anybody may use it.

pub mod clock;
pub mod fs;
pub mod hook;
pub mod hosts;
pub mod memory;
pub mod read;
pub mod replace;
pub mod shell;
pub mod socket;
pub mod terminal;
#[cfg(test)]
pub mod testing;
