//! TLS, and where certificates come from.

use super::set::{absolute, add, number, parsed, path, put, put_some, switch, text};
use crate::config::setting::{Scope, Setting, Takes};
use crate::config::values::Age;

const TLS: Setting = Setting { heading: "TLS", needs_restart: true, ..Setting::NEW };
const ACME: Setting = Setting { heading: "ACME", needs_restart: true, ..Setting::NEW };
/// Challenges in a layer above that what goes with a provider below is not meant for.
const OTHER_THAN_PROVIDERS: &[&str] = &["acme-dns-hook", "acme-rfc2136", "acme-dns-persist"];

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "cert",
        environment: Some("CERTKIT_CERT"),
        takes: Takes::List,
        value: "FILE",
        help: "Certificate chain, server certificate first (repeatable with --key, for several names by SNI)",
        hidden_by: &["acme"],
        set: |s, value| add(&mut s.cert, path(value)),
        scope: Scope::Content,
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
        scope: Scope::Content,
        ..TLS
    },
    Setting {
        word: "key-password-file",
        environment: Some("CERTKIT_KEY_PASSWORD_FILE"),
        value: "FILE",
        help: "The password of an encrypted key: the first line of this file",
        more: "It is read again whenever the key is, and when it changes. Without it the password is that of the variable \
               CERTKIT_PASSWORD, which applications do not get.",
        hidden_by: &["cert", "key", "acme"],
        set: |s, value| put_some(&mut s.key_password_file, path(value)),
        scope: Scope::Content,
        ..TLS
    },
    Setting {
        word: "ocsp-staple",
        takes: Takes::List,
        value: "FILE",
        help: "Send this OCSP response along with the certificate that it is for (repeatable)",
        more: "DER as responders send it, or PEM. The file is verified, and read again when it changes. A response that \
               has expired is not sent. See docs/tls.md.",
        hidden_by: &["cert", "acme"],
        set: |s, value| add(&mut s.ocsp_staples, path(value)),
        scope: Scope::Content,
        ..TLS
    },
    Setting {
        word: "tls-min",
        value: "VERSION",
        default: "1.2",
        help: "Lowest TLS version: 1.2 or 1.3",
        set: |s, value| put(&mut s.server.tls.min_version, parsed(value)),
        ..TLS
    },
    Setting {
        word: "no-session-tickets",
        takes: Takes::Switch,
        help: "Resume no TLS session: each connection begins with a whole handshake",
        more: "Otherwise clients resume by tickets, whose key changes every six hours. All threads share it, and it \
               is kept on HUP. With --client-ca no session is resumed either.",
        set: |s, value| put(&mut s.server.tls.session_tickets, switch(value).map(|off| !off)),
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
        set: |s, value| put_some(&mut s.server.site.hsts_seconds, parsed(value).map(|Age(seconds)| seconds)),
        scope: Scope::Site,
        ..TLS
    },
    Setting {
        word: "force",
        takes: Takes::Switch,
        help: "Start even if the certificate has expired, the chain is in the wrong order or an OCSP response cannot be used \
               (never with a wrong key)",
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
        conflicts: &["cert", "key", "key-password-file", "ocsp-staple"],
        hidden_by: &["cert"],
        set: |s, value| add(&mut s.acme.names, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-server",
        takes: Takes::List,
        value: "SERVER",
        default: "Let's Encrypt",
        help: "The ACME server: letsencrypt, letsencrypt-staging, zerossl, google, or the address of a directory (repeatable)",
        more: "Given twice, the second one is used after the first has failed for a day, or when the certificate has less than a \
               day left.",
        set: |s, value| add(&mut s.acme.servers, text(value)),
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
        word: "acme-eab-kid",
        value: "KID",
        help: "Key identifier of an external account, for servers that require one, as zerossl and google do",
        more: "With --acme-eab-hmac-file. It is needed until the account is made.",
        set: |s, value| put_some(&mut s.acme.eab_kid, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-eab-hmac-file",
        value: "FILE",
        help: "Secret of the external account, in base64url as the server shows it",
        set: |s, value| put_some(&mut s.acme.eab_hmac_file, path(value)),
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
        more: "Several servers may share it, behind a balancer: one of them orders, and all of them answer challenges and serve \
               the new certificate.",
        set: |s, value| put_some(&mut s.acme.state, path(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns",
        value: "PROVIDER",
        help: "Answer dns-01 with the API of a DNS provider, which `certkit acme dns-providers` lists; for wildcards, and where no \
               port is reachable",
        conflicts: &["acme-dns-hook", "acme-rfc2136", "acme-dns-persist"],
        hidden_by: &["acme-dns-hook", "acme-rfc2136", "acme-dns-persist"],
        set: |s, value| put_some(&mut s.acme.challenge.dns, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-credentials",
        value: "FILE",
        help: "Secrets for --acme-dns or for a hook of another client, one NAME = \"VALUE\" per line",
        more: "Only its owner may be able to read it, and with --user that must be this user.",
        hidden_by: OTHER_THAN_PROVIDERS,
        set: |s, value| put_some(&mut s.acme.challenge.dns_credentials, path(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-resolver",
        value: "ADDRESS",
        help: "Ask this resolver for CNAMEs, zones and name servers instead of the system's",
        hidden_by: OTHER_THAN_PROVIDERS,
        set: |s, value| put_some(&mut s.acme.challenge.dns_resolver, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-wait",
        value: "SECONDS",
        help: "Wait at most SECONDS, instead of 120, until all name servers of the zone show the record",
        hidden_by: OTHER_THAN_PROVIDERS,
        set: |s, value| put_some(&mut s.acme.challenge.dns_wait, number(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-hook",
        value: "CMD",
        help: "Answer dns-01 with a program, as certkit acme obtain --dns-hook does; for wildcards, and where no port is \
               reachable",
        conflicts: &["acme-dns", "acme-rfc2136", "acme-dns-persist"],
        hidden_by: &["acme-dns", "acme-rfc2136", "acme-dns-persist"],
        set: |s, value| put_some(&mut s.acme.challenge.dns_hook, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-rfc2136",
        value: "FILE",
        help: "Answer dns-01 with dynamic updates (RFC 2136), with the file of certkit acme obtain --rfc2136",
        conflicts: &["acme-dns", "acme-dns-hook", "acme-dns-persist"],
        hidden_by: &["acme-dns", "acme-dns-hook", "acme-dns-persist"],
        set: |s, value| put_some(&mut s.acme.challenge.rfc2136, path(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-persist",
        takes: Takes::Optional("system"),
        value: "RESOLVER",
        help: "Answer dns-persist-01 with the TXT record that certkit acme dns-record prints; it is read through RESOLVER \
               [without RESOLVER: the system's]",
        conflicts: &["acme-dns", "acme-dns-hook", "acme-rfc2136"],
        hidden_by: &["acme-dns", "acme-dns-hook", "acme-rfc2136"],
        set: |s, value| put_some(&mut s.acme.challenge.dns_persist, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-dns-account",
        takes: Takes::Switch,
        help: "Answer dns-account-01 instead of dns-01, by the same means: several accounts can prove a name at a time",
        // Those records are set by hand.
        hidden_by: &["acme-dns-persist"],
        set: |s, value| put(&mut s.acme.challenge.dns_account, switch(value)),
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
        word: "acme-on-demand",
        takes: Takes::List,
        value: "NAME",
        help: "With --acme: obtain a certificate for NAME when a client first asks for it (repeatable)",
        more: "NAME may begin with `*.` where --acme-ask decides on each name. A client that asks first waits for the \
               certificate, 10 s at most.",
        set: |s, value| add(&mut s.acme.on_demand, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-ask",
        value: "URL",
        help: "With --acme: obtain a certificate for any name that a client asks for, if URL?domain=NAME answers 2xx",
        more: "With --acme-on-demand only for the names there. A name that was refused is not asked about again for ten \
               minutes, and before a renewal it is asked about again.",
        set: |s, value| put_some(&mut s.acme.ask, text(value)),
        ..ACME
    },
    Setting {
        word: "acme-on-demand-limit",
        value: "NUMBER",
        default: "10",
        help: "Most certificates that are ordered on demand in an hour, by all servers on the state together",
        set: |s, value| put(&mut s.acme.on_demand_limit, number(value)),
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
