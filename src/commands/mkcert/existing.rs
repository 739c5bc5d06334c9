//! `--if-needed`: whether the certificate that is there will do.

use std::path::Path;

use time::OffsetDateTime;

use crate::ca::LeafProfile;
use crate::commands::issuing::{alternative_name, is_in_last_third, is_issued_by};
use crate::operands::ca_lookup::SigningCa;
use crate::operands::input::{read_certificates, read_private_key};
use crate::x509::{Certificate, PrivateKey, Purpose};

/// What stands at the certificate's place.
pub(super) enum Existing {
    /// A certificate that will do.
    Fine(Box<Certificate>),
    /// A key alone, as a run leaves it that was killed at the wrong moment: it waits for its certificate.
    KeyOnly(PrivateKey),
    /// A certificate of the same CA that will not do: it may be replaced.
    Ours,
    /// Nothing, or something that certkit may not replace unasked.
    NoneOrForeign,
}

/// Looks at the certificate and its key.
pub(super) fn look_at(
    certificate: &Path,
    key: &Path,
    wanted: &LeafProfile,
    ca: &SigningCa,
    now: OffsetDateTime,
) -> Existing {
    if certificate.symlink_metadata().is_err() {
        return read_private_key(key).map_or(Existing::NoneOrForeign, Existing::KeyOnly);
    }
    let Ok(read) = read_certificates(&certificate.display().to_string()) else {
        return Existing::NoneOrForeign;
    };
    let Some(found) = read.certificates.into_iter().next().map(|located| located.certificate) else {
        return Existing::NoneOrForeign;
    };
    // The CA issued itself, and perhaps an intermediate: those are no certificates of this command.
    if !is_issued_by(&found, ca) || found.is_ca() {
        return Existing::NoneOrForeign;
    }
    let key_fits = || read_private_key(key).is_ok_and(|key| key.spki() == found.spki);
    let is_valid = found.is_valid_at(now) && !is_in_last_third(&found, now);
    if is_valid && has_names(&found, wanted) && is_for(&found, wanted.purpose) && key_fits() {
        Existing::Fine(Box::new(found))
    } else {
        Existing::Ours
    }
}

/// Whether its names are those, in any order.
fn has_names(found: &Certificate, wanted: &LeafProfile) -> bool {
    let names = found.subject_alt_names.as_deref().unwrap_or_default();
    names.len() == wanted.names.len()
        && wanted.names.iter().all(|name| names.contains(&alternative_name(name)))
}

fn is_for(found: &Certificate, purpose: Purpose) -> bool {
    let wanted = purpose.oid();
    found.extended_key_usage.as_ref().is_some_and(|usages| usages.iter().any(|usage| usage == wanted))
}
