//! TLS, and where certificates come from.

use super::set::{absolute, add, parsed, path, put, put_some, switch, text};
use crate::config::setting::{Setting, Takes};
use crate::config::values::Age;

const TLS: Setting = Setting { heading: "TLS", needs_restart: true, ..Setting::NEW };
const ACME: Setting = Setting { heading: "ACME", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "cert",
        environment: Some("CERTKIT_CERT"),
        takes: Takes::List,
        value: "FILE",
        help: "Certificate chain, server certificate first (repeatable with --key, for several names by SNI)",
        hidden_by: &["acme"],
        set: |s, value| add(&mut s.cert, path(value)),
        ..TLS
    },
    Setting {
        word: "key",
        environment: Some("CERTKIT_KEY"),
        takes: Takes::List,
        value: "FILE",
        help: "Private key of the certificate",
        // A certificate from here with a key from there would not fit.
        hidden_by: &["cert", "acme"],
        set: |s, value| add(&mut s.key, path(value)),
        ..TLS
    },
    Setting {
        word: "tls-min",
        value: "VERSION",
        default: "1.2",
        help: "Lowest TLS version: 1.2 or 1.3",
        set: |s, value| put(&mut s.server.tls_min, parsed(value)),
        ..TLS
    },
    Setting {
        word: "client-ca",
        value: "FILE",
        help: "Ask clients for a certificate that leads to one of these CA certificates",
        more: "Applications get its data as SSL_CLIENT_VERIFY, SSL_CLIENT_S_DN, SSL_CLIENT_CERT and so on, by the \
               names of Apache's mod_ssl. The file is read again on HUP, and so are the revocation lists.",
        set: |s, value| put(&mut s.client.ca, absolute(value)),
        ..TLS
    },
    Setting {
        word: "client-auth",
        value: "off|request|require",
        default: "require; with --client-ca",
        help: "Whether a client without a certificate may connect (request) or not (require)",
        set: |s, value| put(&mut s.client.auth, parsed(value)),
        ..TLS
    },
    Setting {
        word: "client-crl",
        takes: Takes::List,
        value: "FILE",
        help: "Refuse the certificates of clients that this revocation list contains (repeatable)",
        set: |s, value| add(&mut s.client.crls, absolute(value)),
        ..TLS
    },
    Setting {
        word: "hsts",
        takes: Takes::Optional(Age::TWO_YEARS),
        value: "AGE",
        help: "Send Strict-Transport-Security: browsers use only https for AGE seconds [without AGE: two years]",
        needs_restart: false,
        set: |s, value| put_some(&mut s.server.hsts_seconds, parsed(value).map(|Age(seconds)| seconds)),
        ..TLS
    },
    Setting {
        word: "force",
        takes: Takes::Switch,
        help: "Start even if the certificate has expired or the chain is in the wrong order (never with a wrong key)",
        only_flag: true,
        set: |s, value| put(&mut s.force, switch(value)),
        ..TLS
    },
    Setting {
        word: "acme",
        takes: Takes::List,
        value: "NAME[,NAME]",
        help: "Obtain a certificate for NAME from an ACME server and keep it renewed (repeatable). Names separated \
               by commas share a certificate",
        conflicts: &["cert", "key"],
        hidden_by: &["cert"],
        set: |s, value| add(&mut s.acme.names, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-server",
        value: "URL",
        default: "Let's Encrypt",
        help: "Directory URL of the ACME server",
        set: |s, value| put_some(&mut s.acme.server, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-email",
        value: "ADDRESS",
        help: "Mail address for messages from the ACME server",
        set: |s, value| put_some(&mut s.acme.email, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-ca-roots",
        value: "FILE",
        help: "Trust these CA certificates for the ACME server itself, instead of the system's",
        set: |s, value| put_some(&mut s.acme.ca_roots, path(value)),
        ..ACME
    },
    Setting {
        word: "acme-state",
        value: "DIR",
        help: "Folder for accounts, orders and certificates, shared with certkit acme",
        set: |s, value| put_some(&mut s.acme.state, path(value)),
        ..ACME
    },
    Setting {
        word: "acme-missing",
        value: "local|refuse",
        default: "local",
        help: "Until the first certificate is issued, serve a temporary self-made one (local) or refuse handshakes \
               (refuse)",
        set: |s, value| put(&mut s.acme.missing, parsed(value)),
        ..ACME
    },
    Setting {
        word: "agree-tos",
        environment: Some("CERTKIT_AGREE_TOS"),
        takes: Takes::Switch,
        help: "Agree to the terms of service of the ACME server (required for a new account)",
        set: |s, value| put(&mut s.acme.agree_tos, switch(value)),
        ..ACME
    },
];
