//! The same advice for a running server: the options of `serve` are called otherwise than those of `certkit acme`, and a
//! server tries again by itself.

use time::OffsetDateTime;

use crate::acme::Error;
use crate::finding::Finding;
use crate::report::Failure;

/// Options of `certkit acme` that `serve` has with `--acme-` in front.
const OPTIONS: &[&str] = &[
    "ca-roots",
    "dns",
    "dns-account",
    "dns-credentials",
    "dns-hook",
    "dns-persist",
    "dns-resolver",
    "dns-wait",
    "eab-hmac-file",
    "eab-kid",
    "email",
    "rfc2136",
    "server",
    "state",
];

/// Sentences of [`super`] with what a server says in their place: what has no option there, and who tries again.
const SENTENCES: &[(&str, &str)] = &[
    ("Then run this again: the order continues.", "The order continues at the next try."),
    ("Then run this again.", "The next try continues."),
    ("Run this again later: the order continues.", "The order continues at the next try."),
    (
        "then run it again with `--agree-tos` (or `CERTKIT_AGREE_TOS=1`).",
        "then start the server with `--agree-tos`.",
    ),
    ("Run it again; it places a new order.", "The next try places a new order."),
    (
        "Fix the hook, then run the same command again. It repeats only the hook.",
        "Fix the hook. The next try repeats only the hook.",
    ),
    (
        ", or run it again later. It continues where this run stopped.",
        ". The next try continues where this one stopped.",
    ),
    (
        ", then run it again, which checks the same chain up to three times. --force places a new order.",
        ". The next tries check the same chain, up to three times.",
    ),
    (
        "Use `--http` or `--webroot DIR`, in a certificate of its own.",
        "Omit the DNS challenge: the listeners prove the names then.",
    ),
    (
        "Use its folder with `--webroot DIR`, or correct",
        "Have it forward /.well-known/acme-challenge/ to this server, or correct",
    ),
    (
        "`-k p256` or `-k rsa2048`. For --csr, make the request with such a key.",
        "`certkit acme obtain NAME -k p256`.",
    ),
    ("`-k p256` or `-k rsa2048`.", "`certkit acme obtain NAME -k p256`."),
    (
        "Name the request, `--csr FILE`, or add --force for a key that certkit makes.",
        "Have certkit make a key: `certkit acme obtain NAME --force`.",
    ),
    ("one of these, or omit --profile.", "one of these: `certkit acme obtain NAME --profile PROFILE`."),
    (
        "Choose another --profile, or omit it.",
        "Choose another: `certkit acme obtain NAME --profile PROFILE`.",
    ),
    ("Omit --profile.", "Obtain it without a profile: `certkit acme obtain NAME`."),
    ("or its number: `--key-group GROUP`.", "or its number: `certkit acme obtain NAME --key-group GROUP`."),
    (
        "an empty --pre-hook or --post-hook removes it.",
        "`certkit acme obtain NAME --pre-hook ''` removes it, and --post-hook likewise.",
    ),
];

/// What went wrong while a server orders.
pub fn failure_of_serve(error: Error, now: OffsetDateTime) -> Failure {
    // The log says when the next try is.
    let is_for_later = matches!(
        error,
        Error::Exhausted(_) | Error::Interrupted | Error::Paused(_) | Error::Stopped | Error::TryLater { .. }
    );
    let mut failure = super::failure(error, now);
    for finding in &mut failure.findings {
        finding.fix = finding.fix.take().filter(|_| !is_for_later).map(|fix| in_words_of_serve(&fix));
    }
    failure
}

/// What is wrong with the settings, before a server starts.
pub fn refused_by_serve(failure: impl Into<Failure>) -> Failure {
    let mut failure = failure.into();
    failure.findings.iter_mut().for_each(name_options_of_serve);
    failure
}

/// The same finding with a fix for a server.
pub fn name_options_of_serve(finding: &mut Finding) {
    finding.fix = finding.fix.as_deref().map(in_words_of_serve);
}

fn in_words_of_serve(fix: &str) -> String {
    let said = SENTENCES.iter().fold(fix.to_owned(), |fix, (before, after)| fix.replace(before, after));
    let spans = said.split('`').map(|span| match span.strip_prefix("certkit ") {
        // A command has options of its own.
        Some(_) => span.to_owned(),
        None => OPTIONS.iter().fold(span.to_owned(), |span, option| renamed(&span, option)),
    });
    spans.collect::<Vec<_>>().join("`")
}

/// With `--acme-OPTION` in the place of `--OPTION`.
fn renamed(text: &str, option: &str) -> String {
    let old = format!("--{option}");
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(&old) {
        let (before, after) = (&rest[..start], &rest[start + old.len()..]);
        new.push_str(before);
        let is_longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        if is_longer {
            new.push_str(&old);
        } else {
            new.push_str(&format!("--acme-{option}"));
        }
        rest = after;
    }
    new.push_str(rest);
    new
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;
    use std::time::Duration;

    use rustls::CertificateError;
    use time::macros::datetime;

    use super::*;
    use crate::acme::challenge::{ChallengeKind, Clue, Error as ChallengeError, Unproven};
    use crate::acme::storage::Error as StorageError;
    use crate::acme::{FailedValidation, ProtocolError};
    use crate::config::table;
    use crate::operands::acme::AcmeOperandError;
    use crate::x509::KeyKind;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    /// Problems of RFC 8555 section 6.7 and others that have advice.
    const KINDS: [&str; 22] = [
        "accountDoesNotExist",
        "alreadyRevoked",
        "badCSR",
        "badPublicKey",
        "badSignatureAlgorithm",
        "caa",
        "connection",
        "dns",
        "externalAccountRequired",
        "incorrectResponse",
        "invalidContact",
        "invalidProfile",
        "malformed",
        "orderNotReady",
        "rateLimited",
        "rejectedIdentifier",
        "serverInternal",
        "tls",
        "unauthorized",
        "unsupportedContact",
        "unsupportedIdentifier",
        "userActionRequired",
    ];

    fn refusal(kind: &str) -> ProtocolError {
        ProtocolError { kind: kind.into(), detail: "no".into(), ..ProtocolError::default() }
    }

    fn of_challenges() -> Vec<ChallengeError> {
        use ChallengeError as E;
        let (name, path) = (|| "a.test".to_owned(), || PathBuf::from("file"));
        let reason = || "why".to_owned();
        vec![
            E::CannotProve { name: name(), kind: ChallengeKind::Dns01 },
            E::CannotProve { name: name(), kind: ChallengeKind::Http01 },
            E::Credentials { path: path(), reason: reason() },
            E::HookFailed {
                program: path(),
                verb: "present",
                fqdn: name(),
                reason: reason(),
                output: String::new(),
            },
            E::HookUnusable { command: reason(), reason: reason() },
            E::NoFile { what: "something", path: path() },
            E::NoPersistentRecord { name: name(), strings: vec![name()], why: Unproven::NoWildcard },
            E::NoPersistentRecord { name: name(), strings: Vec::new(), why: Unproven::NoWildcard },
            E::NotLookedUp { name: name(), reason: reason() },
            E::NotShared(reason().into()),
            E::NotShown { name: name(), reason: reason() },
            E::OutOfReach { name: name(), seen: reason() },
            E::Proof { name: name(), reason: reason() },
            E::UnknownProvider { name: name(), similar: None, is_built_in: true },
            E::Update { server: name(), reason: reason() },
            E::UpdateSettings { path: path(), reason: reason() },
        ]
    }

    /// What a server may meet; the errors of `--http`, `--webroot` and `certkit acme revoke` are none of its own.
    fn of_orders() -> Vec<Error> {
        let (server, reason) = (|| "https://ca.test/dir".to_owned(), || "why".to_owned());
        let mut errors: Vec<_> = of_challenges().into_iter().map(Error::from).collect();
        for kind in KINDS {
            errors.push(Error::Refused { doing: "placing the order", refusal: Box::new(refusal(kind)) });
            for challenge in [ChallengeKind::Http01, ChallengeKind::TlsAlpn01, ChallengeKind::Dns01] {
                let address = ([192, 0, 2, 7], 80).into();
                for seen in [vec![], vec![Clue::OtherServer { address, status: None }], vec![Clue::NoAddress]]
                {
                    errors.push(Error::Validation(vec![FailedValidation {
                        name: "a.test".into(),
                        refusal: refusal(kind),
                        asked: Some(false),
                        challenge,
                        seen,
                    }]));
                }
            }
        }
        for reason in [
            CertificateError::Expired,
            CertificateError::NotValidYet,
            CertificateError::NotValidForName,
            CertificateError::UnknownIssuer,
            CertificateError::BadEncoding,
        ] {
            errors.push(Error::Untrusted { url: server(), reason });
        }
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        errors.extend([
            StorageError::Foreign { path: "state".into(), owner: 1 }.into(),
            StorageError::Io { action: "read", path: "state".into(), source: denied() }.into(),
            StorageError::NoGroup("web".into()).into(),
            StorageError::WritableByOthers("state".into()).into(),
            Error::AccountClosed { url: server(), refusal: Box::new(refusal("unauthorized")) },
            Error::CaRoots { path: "roots".into(), reason: reason() },
            Error::ExternalAccountNeeded { server: server() },
            Error::GroupNotOurs("web".into()),
            Error::KeyKindRefused { kind: KeyKind::Ed25519, server: server() },
            Error::NoAccount { server: None },
            Error::NoAccount { server: Some(server()) },
            Error::NoCertificate { name: "a.test".into() },
            Error::NotAcme { url: server(), reason: reason() },
            Error::NotFromServer { doing: "asking", status: 502, reason: reason() },
            Error::OtherKeySource { name: "a.test".into(), is_given: false },
            Error::Rejected { findings: Vec::new(), chain: "chain".into() },
            Error::SeveralAccounts(vec![server(), server()]),
            Error::TermsNotAgreed { url: server() },
            Error::TooManyNames { count: 101, most: 100, profile: None },
            Error::TryLater { doing: "asking", reason: reason(), retry_after: Some(Duration::from_secs(9)) },
            Error::UnknownProfile { wanted: "a".into(), offered: Vec::new() },
            Error::UnknownProfile { wanted: "a".into(), offered: vec![("b".into(), "c".into())] },
        ]);
        errors
    }

    fn of_settings() -> Vec<AcmeOperandError> {
        use AcmeOperandError as E;
        let missing = io::Error::from(io::ErrorKind::NotFound);
        vec![
            E::LabelWithoutRecord { option: "--acme-dns-account", challenge: ChallengeKind::Http01 },
            E::MailAddress("me".into()),
            E::NoSecret("file".into()),
            E::NoState,
            E::Resolver("a".into()),
            E::DnsResolver { option: "--acme-dns-resolver", text: "a".into() },
            E::Secret { path: "file".into(), source: missing },
            E::Server { text: "a".into(), option: "--acme-server" },
        ]
    }

    /// Options that stand outside of commands.
    fn options(fix: &str) -> Vec<String> {
        let outside = fix.split('`').enumerate();
        let outside = outside.filter(|(number, span)| number % 2 == 0 || span.starts_with('-'));
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        // An example of a hook has options of its own.
        let outside = outside.map(|(_, span)| span.split(" '").next().unwrap_or_default());
        let words = outside.flat_map(|span| span.split(|c: char| !is_of_word(c)));
        words.filter(|word| word.starts_with('-') && word.len() > 1).map(str::to_owned).collect()
    }

    #[test]
    fn every_option_that_a_server_names_is_its_own() {
        let orders = of_orders().into_iter().map(|error| failure_of_serve(error, NOW));
        let settings = of_settings().into_iter().map(refused_by_serve);
        let mut named = 0;
        for finding in orders.chain(settings).flat_map(|failure| failure.findings) {
            let Some(fix) = &finding.fix else { continue };
            for option in options(fix) {
                let word = option.strip_prefix("--").unwrap_or_else(|| panic!("{option}: {fix}"));
                assert!(table::named(word).is_some(), "{option} is not an option of serve: {fix}");
                named += 1;
            }
            assert!(!fix.contains("again"), "a server tries again by itself: {fix}");
        }
        assert!(named > 20, "{named}");
    }

    #[test]
    fn every_option_that_is_renamed_exists() {
        for option in OPTIONS {
            assert!(table::named(&format!("acme-{option}")).is_some(), "{option}");
            assert!(table::named(option).is_none(), "{option} is another option of serve");
        }
        assert_eq!(
            in_words_of_serve("Add `--dns-hook CMD`, `certkit acme obtain --dns x` or --dns; --dnsx stays."),
            "Add `--acme-dns-hook CMD`, `certkit acme obtain --dns x` or --acme-dns; --dnsx stays."
        );
    }

    #[test]
    fn every_sentence_that_is_replaced_is_said() {
        let orders = of_orders().into_iter().map(|error| super::super::failure(error, NOW));
        let mut fixes: Vec<_> =
            orders.flat_map(|failure| failure.findings).filter_map(|finding| finding.fix).collect();
        let failed = crate::sys::hook::HookRun {
            command: "hook".into(),
            failure: Some(crate::sys::hook::HookFailure::Exited(1)),
            output: String::new(),
        };
        fixes.extend(super::super::deploy_hook(&failed).and_then(|finding| finding.fix));
        let before = super::super::failure(Error::PreHook(Box::new(failed)), NOW);
        fixes.extend(before.findings.into_iter().filter_map(|finding| finding.fix));
        for (before, _) in SENTENCES {
            assert!(fixes.iter().any(|fix| fix.contains(before)), "{before}");
        }
    }
}
