//! The lines of configuration files that fix a finding, by the kind of server.

use crate::probe::Starttls;

/// The six suites of the guideline, as OpenSSL's users write them.
const GOOD_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                           ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                           ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// Its groups; OpenSSL has the first from 3.5 on.
const GOOD_GROUPS: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";

pub(super) fn hsts() -> &'static str {
    "nginx: add_header Strict-Transport-Security \"max-age=63072000\" always;\n\
     Apache: Header always set Strict-Transport-Security \"max-age=63072000\"\n\
     certkit serve: --hsts"
}

pub(super) fn versions(starttls: Option<Starttls>) -> &'static str {
    match starttls {
        None => "nginx: ssl_protocols TLSv1.2 TLSv1.3;\nApache: SSLProtocol -all +TLSv1.2 +TLSv1.3",
        Some(Starttls::Smtp) => {
            "Postfix: smtpd_tls_protocols = >=TLSv1.2\n\
             Exim: openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1"
        }
        Some(Starttls::Imap | Starttls::Pop3) => "Dovecot: ssl_min_protocol = TLSv1.2",
        Some(Starttls::Ldap) => "OpenLDAP: TLSProtocolMin 3.3",
        Some(Starttls::Postgres) => "postgresql.conf: ssl_min_protocol_version = 'TLSv1.2'",
    }
}

pub(super) fn suites(starttls: Option<Starttls>) -> String {
    match starttls {
        None => format!("nginx: ssl_ciphers {GOOD_SUITES};\nApache: SSLCipherSuite {GOOD_SUITES}"),
        Some(Starttls::Smtp) => format!(
            "Postfix: smtpd_tls_ciphers = high, and tls_high_cipherlist = {GOOD_SUITES}\n\
             Exim: tls_require_ciphers = {GOOD_SUITES}"
        ),
        Some(Starttls::Imap | Starttls::Pop3) => format!("Dovecot: ssl_cipher_list = {GOOD_SUITES}"),
        Some(Starttls::Ldap) => format!("OpenLDAP: TLSCipherSuite {GOOD_SUITES}"),
        Some(Starttls::Postgres) => format!("postgresql.conf: ssl_ciphers = '{GOOD_SUITES}'"),
    }
}

pub(super) fn groups(starttls: Option<Starttls>) -> String {
    let line = match starttls {
        None => {
            format!("nginx: ssl_ecdh_curve {GOOD_GROUPS};\nApache: SSLOpenSSLConfCmd Groups {GOOD_GROUPS}")
        }
        Some(Starttls::Smtp) => {
            format!("Postfix: tls_eecdh_auto_curves = {}", GOOD_GROUPS.replace(':', " "))
        }
        Some(Starttls::Imap | Starttls::Pop3) => format!("Dovecot: ssl_curve_list = {GOOD_GROUPS}"),
        Some(Starttls::Ldap) => "OpenLDAP: has no option for it; OpenSSL's default includes it".to_owned(),
        Some(Starttls::Postgres) => format!("postgresql.conf (18 or newer): ssl_groups = '{GOOD_GROUPS}'"),
    };
    format!("{line}   (OpenSSL 3.5 or newer)")
}
