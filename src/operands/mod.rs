//! What users name on the command line: files to read and to write, passwords, the CA that signs, servers.

pub mod ca_lookup;
pub mod destination;
pub mod fetch;
pub mod input;
pub mod output;
pub mod password;
pub mod seal;
pub mod server_target;
