//! Several sites in one server.

use std::ffi::OsStr;

use super::set::{add, parsed, put, put_some, switch};
use crate::config::setting::{Scope, Setting, Takes};
use crate::serve::config::HostPattern;

const ROW: Setting = Setting { heading: "Sites", ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "host",
        takes: Takes::List,
        value: "HOST",
        help: "Name of the site: www.example.com, or *.example.com for names with one label more (repeatable)",
        more: "A site of [[site]] needs one. The site of [serve] has every host that no other site has, whatever it is \
               named.",
        scope: Scope::Content,
        set: |s, value| add(&mut s.server.site.hosts, parsed(value)),
        ..ROW
    },
    Setting {
        word: "vhost",
        takes: Takes::Joined,
        value: "HOST=FILE",
        help: "Serve another site to HOST: FILE has the keys of one [[site]] table of certkit.toml (repeatable)",
        more: "See docs/sites.md.",
        set: |s, value| add(&mut s.vhosts, parsed(value)),
        ..ROW
    },
    Setting {
        word: "canonical-host",
        value: "HOST",
        help: "The one host of the site: requests for its others are redirected there, path and query kept",
        scope: Scope::Content,
        set: |s, value| put_some(&mut s.server.site.canonical_host, exact(value)),
        ..ROW
    },
    Setting {
        word: "check",
        takes: Takes::Switch,
        help: "Judge the settings and what they name (certificates, folders, files of applications), say what holds or what is \
               wrong with file and line, and end",
        more: "No socket is bound, no application is loaded, and nothing is written.",
        only_flag: true,
        set: |s, value| put(&mut s.check, switch(value)),
        ..ROW
    },
    Setting {
        word: "unknown-host",
        value: "serve|refuse",
        default: "serve",
        help: "Whether hosts that no site names, and no certificate, get the site of [serve] (serve), or no TLS handshake \
               and status 421 or 400 (refuse)",
        set: |s, value| put(&mut s.server.unknown_host, parsed(value)),
        ..ROW
    },
];

/// A name without a wildcard.
fn exact(value: &OsStr) -> Result<HostPattern, String> {
    let host: HostPattern = parsed(value)?;
    if host.is_wildcard() { Err("expected one host, without `*`".to_owned()) } else { Ok(host) }
}
