//! What users name on the command line: files to read and to write, passwords, the CA that signs, servers.

pub mod acme;
pub mod acme_request;
pub mod ca_folder;
pub mod ca_lookup;
pub mod case_files;
pub mod destination;
pub mod fetch;
pub mod folder_index;
pub mod input;
pub mod ledger_choice;
pub mod output;
pub mod password;
pub mod read;
pub mod revocation_list;
pub mod rewrite;
pub mod seal;
pub mod server_target;
