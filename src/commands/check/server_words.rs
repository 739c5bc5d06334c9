//! What to say about a server: what is wrong, who is hurt, and the line of its configuration that mends it.
//!
//! An error is what current clients refuse. What a server only agrees to when an old client asks for it is a warning, and
//! what merely falls short of Mozilla's guideline (6.0, "intermediate") a note.

use crate::finding::{Code, Finding, Severity};
use crate::operands::server_target::Place;
use crate::probe::{Error, Starttls, Strength, Version};

/// The six suites of the guideline, as OpenSSL's users write them.
const GOOD_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                           ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// Its groups; OpenSSL has the first from 3.5 on.
const GOOD_GROUPS: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";

pub(super) fn wrong_key() -> Finding {
    let message =
        "the server signs the handshake with another key than that of its certificate; every client refuses";
    Finding::error(Code::BadSignature, message)
        .fix("give it certificate and key of one pair, the server's own certificate first: certkit check chain.pem --key server.key")
}

pub(super) fn only_old_protocols(version: Version, place: &Place) -> Finding {
    let message = format!(
        "the server speaks nothing newer than {version}; browsers since 2020, curl, Python, Java and phones refuse. (That it \
         has the key of its certificate was not verified)"
    );
    Finding::error(Code::OldProtocol, message).fix(versions_line(place))
}

pub(super) fn only_poor_suites(cipher: &str, place: &Place) -> Finding {
    let message = format!(
        "the server and a current client have no cipher suite in common; with older ones it agrees on {cipher}. Programs in \
         Rust and Go refuse, and some browsers. (That it has the key of its certificate was not verified)"
    );
    Finding::warning(Code::WeakCipher, message).fix(suites_line(place))
}

pub(super) fn wants_client_certificate() -> Finding {
    Finding::note(
        Code::HandshakeFailed,
        "the server wants a certificate of the client; its own chain was judged all the same",
    )
}

pub(super) fn broken_off(why: &str) -> Finding {
    Finding::error(
        Code::HandshakeFailed,
        format!("the server shows its chain, but the handshake does not end: {why}"),
    )
    .fix("look into the server's log at this minute")
}

pub(super) fn old_protocols(versions: &[Version], place: &Place) -> Finding {
    let names: Vec<_> = versions.iter().map(ToString::to_string).collect();
    let message = format!(
        "the server still speaks {}: whoever is in the way of an old client can read along; no current client needs it \
         (RFC 8996)",
        names.join(", ")
    );
    Finding::warning(Code::OldProtocol, message).fix(versions_line(place))
}

pub(super) fn no_tls13(place: &Place) -> Finding {
    let message = "the server has no TLS 1.3: every new connection waits one round trip longer, and its certificate goes in clear";
    Finding::warning(Code::NoTls13, message)
        .fix(format!("{}   (OpenSSL 1.1.1 or newer)", versions_line(place)))
}

pub(super) fn poor_suites(strength: Strength, suites: &[&str], is_deep: bool, place: &Place) -> Finding {
    let (severity, why) = match strength {
        Strength::Broken => (
            Severity::Warning,
            "no encryption, no authentication or one long broken: a client that takes it is read along or led astray",
        ),
        Strength::TripleDes => (
            Severity::Warning,
            "3DES gives away secrets of long connections (Sweet32) to old clients that take it",
        ),
        Strength::StaticRsa => (
            Severity::Warning,
            "without forward secrecy: whoever gets the server's key later reads what such clients sent before",
        ),
        Strength::Outdated | Strength::Good => (
            Severity::Note,
            "CBC or finite-field Diffie-Hellman: padding attacks came again and again; no client since 2014 needs it",
        ),
    };
    let more = if is_deep { "" } else { " (--deep names all of them)" };
    let message = format!("the server takes {}{more}: {why}", suites.join(", "));
    Finding { severity, ..Finding::warning(Code::WeakCipher, message) }.fix(suites_line(place))
}

pub(super) fn small_group(bits: usize, place: &Place) -> Finding {
    let message = format!(
        "Diffie-Hellman over a group of {bits} bits: it can be broken for all servers at once (Logjam); Java and OpenSSL \
         refuse less than 1024 or 2048"
    );
    Finding::warning(Code::WeakCipher, message).fix(suites_line(place))
}

pub(super) fn stuffed() -> Finding {
    let message = "the server answers inside TLS a command that came in clear before it: somebody in the way can put commands \
                   in front of a client's own, its password among what they then send away (CVE-2011-0411)";
    Finding::warning(Code::StarttlsInjection, message)
        .fix("update the server: it must forget what came before the handshake")
}

pub(super) fn compression() -> Finding {
    let message =
        "the server compresses inside TLS: the length gives cookies away to whoever listens (CRIME)";
    Finding::warning(Code::TlsCompression, message)
        .fix("nginx: update it and OpenSSL, no option switches it on;  Apache: SSLCompression off")
}

pub(super) fn insecure_renegotiation() -> Finding {
    let message = "the server knows no secure renegotiation (RFC 5746): somebody in the way can put a request before a \
                   client's own; OpenSSL 3 and browsers refuse such a server or warn";
    Finding::warning(Code::InsecureRenegotiation, message)
        .fix("update the TLS library;  Apache: SSLInsecureRenegotiation off")
}

pub(super) fn no_post_quantum(place: &Place) -> Finding {
    let message = "the server has no X25519MLKEM768: what is recorded today can be read once there are quantum computers";
    let line = match place.starttls {
        None => {
            format!("nginx: ssl_ecdh_curve {GOOD_GROUPS};\nApache: SSLOpenSSLConfCmd Groups {GOOD_GROUPS}")
        }
        Some(Starttls::Smtp) => {
            format!("Postfix: tls_eecdh_auto_curves = {}", GOOD_GROUPS.replace(':', " "))
        }
        Some(Starttls::Imap | Starttls::Pop3) => format!("Dovecot: ssl_curve_list = {GOOD_GROUPS}"),
        Some(Starttls::Ldap) => "OpenLDAP: no option of its own; OpenSSL's default has it".to_owned(),
        Some(Starttls::Postgres) => format!("postgresql.conf (18 or newer): ssl_groups = '{GOOD_GROUPS}'"),
    };
    Finding::note(Code::NoPostQuantum, message).fix(format!("{line}   (OpenSSL 3.5 or newer)"))
}

pub(super) fn incomplete(error: &Error) -> Finding {
    let message = format!("not every question about versions and cipher suites got an answer: {error}");
    Finding::note(Code::ConnectionFailed, message)
        .fix("run it again; some servers bear few connections at a time")
}

pub(super) fn no_hsts(header: Option<&str>) -> Finding {
    let what = match header {
        Some(text) => format!("Strict-Transport-Security has no number of seconds (`{text}`)"),
        None => "the answer has no Strict-Transport-Security".to_owned(),
    };
    let message = format!(
        "{what}: whoever types the name without https:// can be kept on plain http by somebody in the way"
    );
    Finding::warning(Code::Hsts, message).fix(hsts_line())
}

pub(super) fn short_hsts(seconds: u64) -> Finding {
    let message = if seconds == 0 {
        "Strict-Transport-Security says 0 seconds: browsers forget that this name wants https".to_owned()
    } else {
        format!(
            "Strict-Transport-Security says {} days; two years are asked for (Mozilla, preload list)",
            seconds / 86_400
        )
    };
    Finding::note(Code::Hsts, message).fix(hsts_line())
}

pub(super) fn no_http_answer(why: &str) -> Finding {
    Finding::note(Code::Hsts, format!("Strict-Transport-Security was not seen: HEAD got no answer ({why})"))
}

fn hsts_line() -> &'static str {
    "nginx: add_header Strict-Transport-Security \"max-age=63072000\" always;\n\
     Apache: Header always set Strict-Transport-Security \"max-age=63072000\"   certkit serve: --hsts"
}

fn versions_line(place: &Place) -> &'static str {
    match place.starttls {
        None => "nginx: ssl_protocols TLSv1.2 TLSv1.3;\nApache: SSLProtocol -all +TLSv1.2 +TLSv1.3",
        Some(Starttls::Smtp) => {
            "Postfix: smtpd_tls_protocols = >=TLSv1.2\nExim: openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1"
        }
        Some(Starttls::Imap | Starttls::Pop3) => "Dovecot: ssl_min_protocol = TLSv1.2",
        Some(Starttls::Ldap) => "OpenLDAP: TLSProtocolMin 3.3",
        Some(Starttls::Postgres) => "postgresql.conf: ssl_min_protocol_version = 'TLSv1.2'",
    }
}

fn suites_line(place: &Place) -> String {
    match place.starttls {
        None => format!("nginx: ssl_ciphers {GOOD_SUITES};\nApache: SSLCipherSuite {GOOD_SUITES}"),
        Some(Starttls::Smtp) => format!(
            "Postfix: smtpd_tls_ciphers = high, and tls_high_cipherlist = {GOOD_SUITES}\nExim: tls_require_ciphers = {GOOD_SUITES}"
        ),
        Some(Starttls::Imap | Starttls::Pop3) => format!("Dovecot: ssl_cipher_list = {GOOD_SUITES}"),
        Some(Starttls::Ldap) => format!("OpenLDAP: TLSCipherSuite {GOOD_SUITES}"),
        Some(Starttls::Postgres) => format!("postgresql.conf: ssl_ciphers = '{GOOD_SUITES}'"),
    }
}
