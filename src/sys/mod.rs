//! The operating system: the clock, files that appear whole or not at all, log files, the hosts
//! file, the service manager, the terminal.
//!
//! A leaf room: it knows nothing of certificates and anybody may use it.

pub mod account;
pub mod background;
pub mod clock;
pub mod datagram_log;
pub mod emperor_link;
pub mod fs;
pub mod guard;
pub mod hook;
pub mod hook_action;
pub mod hosts;
pub mod inherited;
pub mod keeper;
pub mod left_timers;
pub mod log_file;
pub mod log_sink;
pub mod log_target;
pub mod machine;
pub mod memory;
pub mod open_files;
pub mod opener;
pub mod own_address;
pub mod own_program;
pub mod own_variables;
pub mod pid_file;
pub mod privileges;
pub mod read;
pub mod redirection;
pub mod replace;
pub mod service_manager;
pub mod shell;
pub mod socket;
pub mod terminal;
#[cfg(test)]
pub mod testing;
pub mod timer;
pub mod umask;
