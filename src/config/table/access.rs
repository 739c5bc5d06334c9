//! What a request must pass before its route.

use super::set::{add, parsed, put, switch, text};
use crate::config::setting::{Scope, Setting, Takes};
use crate::serve::config::AccessRule;
use crate::serve::field_name::settable;

/// Those of all layers count: what a file denies is not allowed because the command line has another rule.
const JOINED: Setting =
    Setting { heading: "Access", takes: Takes::Joined, scope: Scope::Site, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "allow",
        value: "/PATH=NETWORK",
        help: "Let clients from an address, from a network such as 10.0.0.0/8, or `all` ask for a path and what is below it \
               (repeatable; of all --allow and --deny the first one that covers path and client decides)",
        more: "Both options make one list, in the order in which they are written; files come before the command line. \
               Others than those of the list are allowed: end it with `--deny /PATH=all`. See docs/access.md.",
        set: |s, value| add(&mut s.server.site.access.rules, rule(value, true)),
        ..JOINED
    },
    Setting {
        word: "deny",
        value: "/PATH=NETWORK",
        help: "Answer clients from there with status 403 (repeatable, in one order with --allow)",
        set: |s, value| add(&mut s.server.site.access.rules, rule(value, false)),
        ..JOINED
    },
    Setting {
        word: "access",
        value: "RULE",
        help: "The same as rules: 'allow /PATH=NETWORK' or 'deny /PATH=NETWORK', for lists in files (repeatable, in one order \
               with --allow and --deny)",
        set: |s, value| add(&mut s.server.site.access.rules, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "limit-rate",
        value: "/PATH=RATE",
        help: "Requests of one client address (IPv6: of one /64) for a path and what is below it, for example /login=10/m or \
               /=50/s,burst=200; more get status 429 (repeatable, the longest path counts)",
        more: "A client that has not asked for a while may send as many at once as `burst` says, without it as many as RATE.",
        set: |s, value| add(&mut s.server.site.access.rate_limits, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "basic-auth",
        value: "/PATH=FILE",
        help: "Ask for a name and a password of this file, as `htpasswd -B` makes it, below a path (repeatable, the longest path \
               counts)",
        more: "Applications get REMOTE_USER. See docs/access.md.",
        set: |s, value| add(&mut s.server.site.access.basic_auth, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "forward-auth",
        value: "/PATH=URL",
        help: "Ask this server (http, https, http+unix:SOCKET:/PATH) whether a request below a path may pass: it does with a \
               status 2xx, else its response is the client's (repeatable, the longest path counts)",
        set: |s, value| add(&mut s.server.site.access.forward_auth, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "forward-auth-header",
        value: "NAME",
        help: "Field of that server's response that the application gets, such as Remote-User; clients cannot send it \
               (repeatable)",
        set: |s, value| add(&mut s.server.site.access.forward_auth_fields, field(value)),
        ..JOINED
    },
    Setting {
        word: "redirect",
        value: "/PATH=URL",
        help: "Redirect a path and what is below it to a URL or another path, with the rest of the path and the query behind it; \
               status 308, or another one as in '/old=302 /new' (repeatable, the longest path counts)",
        set: |s, value| add(&mut s.server.site.access.redirects, parsed(value)),
        scope: Scope::Content,
        ..JOINED
    },
    Setting {
        word: "error-page",
        value: "STATUS=FILE",
        help: "Page for errors of the server itself, such as 502=sorry.html or 404,410=gone.html; those of applications stay as \
               they are (repeatable)",
        set: |s, value| add(&mut s.server.site.access.error_pages, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "secure-headers",
        takes: Takes::Switch,
        help: "Add X-Content-Type-Options: nosniff, Referrer-Policy: strict-origin-when-cross-origin and X-Frame-Options: \
               SAMEORIGIN to responses that lack them",
        set: |s, value| put(&mut s.server.site.access.secure_headers, switch(value)),
        ..JOINED
    },
];

fn rule(value: &std::ffi::OsStr, is_allowed: bool) -> Result<AccessRule, String> {
    AccessRule::parse(&text(value)?, is_allowed)
}

fn field(value: &std::ffi::OsStr) -> Result<http::HeaderName, String> {
    settable(&text(value)?).map_err(|error| error.to_string())
}
