//! `certkit ca serve`: the ACME server of one's own CA, with certkit's own client, certbot, lego and Caddy; many at
//! once, hostile ones, and SIGKILL in between.

mod acme_sh;
mod beside;
mod clients;
mod dns_persist;
mod hostile;
mod killed;
mod many;
mod open_files;
mod raw;
mod server;
mod settings;
mod unwritable;
