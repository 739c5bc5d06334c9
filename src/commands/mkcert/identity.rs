//! Who is certified: names, purposes and subject, as they were typed.

use crate::advice::names::for_both;
use crate::ca::{LeafProfile, Subject, TypedNames};
use crate::cli::MkcertArgs;
use crate::commands::Result;
use crate::container::write::Pkcs12Cipher;
use crate::finding::Finding;
use crate::x509::Purpose;

/// What all certificates of this run are for; names and validity follow.
pub(super) fn purposes(args: &MkcertArgs) -> LeafProfile {
    let is_for_both = args.client && args.identity.server;
    let purpose = if args.client && !is_for_both { Purpose::Client } else { Purpose::Server };
    let mut profile = LeafProfile::new(Vec::new(), purpose, 0);
    profile.end = args.days;
    profile.also_for = is_for_both.then_some(Purpose::Client);
    profile
}

/// Names and subject of one certificate.
pub(super) fn take_names(args: &MkcertArgs, profile: &mut LeafProfile) -> Result<TypedNames> {
    let typed = match profile.purpose {
        Purpose::Client => TypedNames::of_client(&args.names)?,
        Purpose::Server => TypedNames::of_server(&args.names)?,
    };
    profile.names.clone_from(&typed.names);
    profile.subject = typed.common_name.as_deref().map(Subject::common_name);
    if let Some(subject) = &args.identity.subject {
        *profile = profile.clone().with_subject(Subject::parse(subject)?);
    }
    Ok(typed)
}

/// What is worth saying of the purposes.
pub(super) fn notes(profile: &LeafProfile) -> Option<Finding> {
    profile.also_for.map(|_| for_both())
}

pub(super) fn pkcs12_cipher(args: &MkcertArgs) -> Pkcs12Cipher {
    if args.identity.legacy { Pkcs12Cipher::Legacy } else { Pkcs12Cipher::Modern }
}
