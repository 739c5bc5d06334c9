//! certkit itself: what `check --roots` says, warnings included.

use std::panic::{AssertUnwindSafe, catch_unwind};

use certkit::internals::chain::{CheckInput, Located, Origin, Profile, TrustStore, check};
use certkit::internals::finding::Severity;
use certkit::internals::x509::{Certificate, HostName};
use time::OffsetDateTime;

use super::assemble::Chain;
use super::blueprint::AT;
use super::verdicts::{Judged, Said, Verdict};

pub(super) fn judge(chain: &Chain) -> Judged {
    let under = |profile| {
        catch_unwind(AssertUnwindSafe(|| verdict(chain, profile)))
            .unwrap_or_else(|_| Verdict { panicked: true, ..Verdict::default() })
    };
    Judged { tls: under(Profile::Tls), webpki: under(Profile::Webpki), rfc5280: under(Profile::Rfc5280) }
}

fn verdict(chain: &Chain, profile: Profile) -> Verdict {
    let mut said = Vec::new();
    let mut read = |all: &[Vec<u8>]| -> Vec<Certificate> {
        let one = |der: &Vec<u8>| match Certificate::from_der(der.clone()) {
            Ok(certificate) => Some(certificate),
            Err(error) => {
                said.push(Said { code: "der_malformed".into(), is_error: true, message: error.to_string() });
                None
            }
        };
        all.iter().filter_map(one).collect()
    };
    let certificates: Vec<_> = read(&chain.sent).into_iter().map(Located::from).collect();
    // `--roots` with what cannot be read is an error as well.
    let trusted = read(&chain.trusted);
    if !said.is_empty() {
        return Verdict { holds: false, panicked: false, said };
    }
    let mut trust = TrustStore::default();
    for certificate in trusted {
        trust.add(certificate, Origin::File("roots.pem".into()));
    }
    let host = HostName::parse(&chain.host).unwrap();
    let at = OffsetDateTime::from_unix_timestamp(AT).unwrap();
    let judgement = check(&CheckInput {
        host: Some(&host),
        profile,
        ..CheckInput::new(&certificates, &trust, at, "chain.pem")
    });
    let said: Vec<_> = judgement
        .findings
        .into_iter()
        .map(|finding| Said {
            code: finding.code.to_string(),
            is_error: finding.severity == Severity::Error,
            message: finding.message,
        })
        .collect();
    Verdict { holds: !said.iter().any(|one| one.is_error), panicked: false, said }
}
