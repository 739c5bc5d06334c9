//! What clients get: pages of the server's own, files, bodies on their way out, and a line in the log.

mod accept_encoding;
pub(super) mod access_log;
pub(super) mod body;
pub(super) mod compression;
mod encoded_body;
pub(super) mod encoder;
pub(super) mod error_pages;
pub(super) mod headers;
mod log_line;
pub(super) mod pages;
pub(super) mod record;
pub(super) mod static_files;
