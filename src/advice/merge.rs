//! What to say about a merge: what was left out, what is missing, why there is no chain.

use time::OffsetDateTime;

use crate::chain::{DropReason, Gap, Located, OrderError};
use crate::finding::{Code, Finding, Location, listed};
use crate::operands::fetch::{FetchError, FetchedIssuer};
use crate::report::Failure;
use crate::sys::clock::date;
use crate::sys::shell::input_word;

/// The files of a merge as they were typed, for the commands of a fix.
#[derive(Clone, Copy, Debug)]
pub struct MergeFiles<'a>(pub &'a [String]);

impl MergeFiles<'_> {
    fn words(self) -> String {
        self.0.iter().map(|file| input_word(file)).collect::<Vec<_>>().join(" ")
    }
}

/// `-o -` together with `--format json`.
pub fn two_outputs() -> Failure {
    let message = "the chain and the JSON report cannot both go to standard output";
    Finding::error(Code::InvalidSetting, message).fix("Name a file with -o.").into()
}

/// A private key in an input.
pub fn private_key_in_input(file: &str, location: &Location) -> Finding {
    let message =
        format!("`{file}` holds a private key; it was left out of the new file, which everyone may read");
    Finding::warning(Code::PrivateKeyInInput, message).at(location.clone())
}

/// A file that is not there may be a bundle that is not needed.
pub fn missing_input(mut finding: Finding, name: &str, files: MergeFiles<'_>) -> Finding {
    if finding.code == Code::NotFound
        && let Some(first) = files.0.first().filter(|first| *first != name)
    {
        finding.fix = Some(format!(
            "Check the spelling and the current folder; if no bundle is needed, run `certkit merge \
             {}`.",
            input_word(first)
        ));
    }
    finding
}

/// Why the certificates do not form a chain.
pub fn no_chain(error: &OrderError, files: MergeFiles<'_>) -> Finding {
    let files = files.words();
    let (code, fix) = match error {
        OrderError::NoLeaf => (Code::NoLeaf, "Add the file with your own certificate.".to_owned()),
        OrderError::MultipleLeaves(_) => (
            Code::MultipleLeaves,
            format!("Omit all but one, or let the key choose: `certkit merge {files} --key FILE`."),
        ),
        OrderError::KeyMismatch { .. } => {
            (Code::KeyMismatch, "Use the key that was made for the certificate.".to_owned())
        }
    };
    Finding::error(code, error.to_string()).fix(fix)
}

pub fn reordered() -> Finding {
    let message = "put into order: the server certificate first, each one followed by its issuer";
    Finding::note(Code::Reordered, message)
}

pub fn fetched(fetched: &FetchedIssuer) -> Finding {
    let message = format!("fetched `{}` from {}", fetched.issuer.certificate.label(), fetched.url);
    Finding::note(Code::Fetched, message)
}

pub fn not_fetched(error: &FetchError) -> Finding {
    Finding::warning(Code::FetchFailed, error.to_string())
        .fix("Try again later, or download the bundle from the CA's site.")
}

/// Merging does not judge, but a chain that is not valid now deserves a warning.
pub fn validity_warnings(chain: &[Located], at: OffsetDateTime) -> Vec<Finding> {
    let warning = |located: &Located| {
        let certificate = &located.certificate;
        let label = certificate.label();
        let finding = if certificate.not_after < at {
            let message = format!("`{label}` expired on {}", date(certificate.not_after));
            Finding::warning(Code::Expired, message).fix(
                "Get the newer certificate, then merge \
                                                          again.",
            )
        } else if certificate.not_before > at {
            let message = format!("`{label}` is not valid before {}", date(certificate.not_before));
            Finding::warning(Code::NotYetValid, message)
        } else {
            return None;
        };
        Some(at_location(finding, located))
    };
    chain.iter().filter_map(warning).collect()
}

/// A note about a certificate that was left out.
pub fn left_out(reason: &DropReason, located: &Located) -> Finding {
    let label = located.certificate.label();
    let (code, message) = match reason {
        DropReason::Duplicate(first) => {
            let first = first.as_ref().map(|first| format!(", first in {first}")).unwrap_or_default();
            (Code::Duplicate, format!("a copy of `{label}`{first}"))
        }
        DropReason::BelowExpired { ca, not_after } => {
            let issuer = located.certificate.issuer.label();
            let message = format!(
                "`{label}`, issued by `{issuer}`; it helps no client any more, because `{ca}` expired on {}",
                date(*not_after)
            );
            (Code::Unneeded, message)
        }
        DropReason::ExpiredIssuer => {
            let (issuer, day) = (located.certificate.issuer.label(), date(located.certificate.not_after));
            let message = format!(
                "`{label}`, issued by `{issuer}`, which expired on {day}; no client accepts a chain through it"
            );
            (Code::ExpiredDropped, message)
        }
        DropReason::ExpiredCopy => {
            let day = date(located.certificate.not_after);
            let message =
                format!("an older copy of `{label}`, which expired on {day}; the newer one is used");
            (Code::ExpiredDropped, message)
        }
        DropReason::ExtraLeaf => {
            (Code::ExtraLeaf, format!("`{label}`, another server certificate, not part of this chain"))
        }
        DropReason::Root => {
            (Code::RootDropped, format!("the root `{label}`; clients that trust it already have it"))
        }
        DropReason::Unneeded => {
            (Code::Unneeded, format!("`{label}`, which is not needed: the chain uses another path"))
        }
        DropReason::Unrelated => (Code::Unrelated, format!("`{label}`, which is unrelated to this chain")),
    };
    let finding = Finding::note(code, format!("left out: {message}"));
    if *reason == DropReason::Root { finding } else { at_location(finding, located) }
}

/// The notes about what was left out: one for each, or one for many of a kind. `labels` are the names of the certificates.
pub fn all_left_out(notes: &[Finding], labels: &[String]) -> Vec<Finding> {
    let mut kinds: Vec<(Code, Vec<usize>)> = Vec::new();
    for (index, note) in notes.iter().enumerate() {
        match kinds.iter_mut().find(|(code, _)| *code == note.code) {
            Some((_, members)) => members.push(index),
            None => kinds.push((note.code, vec![index])),
        }
    }
    let of_kind = |(code, members): (Code, Vec<usize>)| {
        if members.len() <= MOST_ALONE {
            return members.iter().map(|&index| notes[index].clone()).collect();
        }
        let what = match code {
            Code::Duplicate => "copies",
            Code::ExpiredDropped => "expired certificates",
            Code::ExtraLeaf => "other server certificates, not part of this chain",
            Code::RootDropped => "roots",
            Code::Unneeded => "CA certificates that are not needed",
            _ => "certificates that are unrelated to this chain",
        };
        let names: Vec<_> = members.iter().map(|&index| labels[index].clone()).collect();
        let message = format!("left out: {} {what}: {}", members.len(), listed(&names));
        let location = members.first().and_then(|&index| notes[index].location.clone());
        vec![Finding { location, ..Finding::note(code, message) }]
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

/// Notes of a kind that stand alone.
const MOST_ALONE: usize = 3;

/// The chain does not reach a known root: an error where clients refuse it for certain.
pub fn gap(gap: Gap, last: &Located, files: MergeFiles<'_>, has_fetched: bool) -> Finding {
    let certificate = &last.certificate;
    let (label, issuer) = (certificate.label(), certificate.issuer.label());
    match gap {
        Gap::SelfSigned => {
            let message = format!(
                "`{label}` is self-signed, and neither this machine nor --roots trusts it; clients refuse it"
            );
            Finding::warning(Code::SelfSigned, message).fix(
                "Replace it: for your own machines run `certkit mkca`, then `certkit mkcert NAME`; for the public run \
                 `certkit acme obtain NAME`.",
            )
        }
        Gap::UnknownRoot => {
            let message = format!(
                "the chain ends at `{label}`; no valid certificate of its issuer `{issuer}` is in these files, and it \
                 is not trusted here. If it is the root of a private CA, the chain is complete; if not, an \
                 intermediate is missing"
            );
            Finding::warning(Code::IncompleteChain, message)
                .fix(format!("Add the certificate of `{issuer}` to the files to find out."))
        }
        Gap::Intermediate => {
            let mut message = format!(
                "the intermediate certificate of `{issuer}`, which issued `{label}`, is not in these files, \
                 and no trusted root has that name"
            );
            for url in &certificate.issuer_urls {
                message.push_str(&format!("\nthe CA offers it at {url}"));
            }
            let files = files.words();
            let fetch = format!("Have it downloaded: `certkit merge {files} --fetch`\n");
            let can_fetch = !has_fetched && !certificate.issuer_urls.is_empty();
            Finding::error(Code::MissingIntermediate, message).fix(format!(
                "{}Add the bundle that came from the CA, for example: `certkit merge {files} ca-bundle.ca`\n\
                 If it is your own CA, add its ca.crt.",
                if can_fetch { &fetch } else { "" }
            ))
        }
    }
}

fn at_location(finding: Finding, located: &Located) -> Finding {
    match &located.location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    }
}
