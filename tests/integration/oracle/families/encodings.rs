//! DER that is not DER.

use super::super::blueprint::Flaw;
use super::super::mutation::{ON_ANY, Rule, of};

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "a long length outside", |draft| draft.flaws.push(Flaw::LongLengthOutside)),
    of(ON_ANY, "a long length inside", |draft| draft.flaws.push(Flaw::LongLengthInside)),
    of(ON_ANY, "a long length of the serial", |draft| draft.flaws.push(Flaw::LongLengthOfSerial)),
    of(ON_ANY, "a long length of the validity", |draft| draft.flaws.push(Flaw::LongLengthOfValidity)),
    of(ON_ANY, "long lengths of extension values", |draft| draft.flaws.push(Flaw::LongLengthOfExtension)),
    of(ON_ANY, "indefinite length", |draft| draft.flaws.push(Flaw::IndefiniteOutside)),
    of(ON_ANY, "bytes behind the certificate", |draft| draft.flaws.push(Flaw::TrailingBytes)),
    of(ON_ANY, "a number behind the signature", |draft| draft.flaws.push(Flaw::TrailingBytesInside)),
    of(ON_ANY, "unused bits in the signature", |draft| draft.flaws.push(Flaw::SignatureWithUnusedBits)),
];
