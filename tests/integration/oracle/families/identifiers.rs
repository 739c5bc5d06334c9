//! Key identifiers, serial numbers, versions and unique identifiers.

use super::super::blueprint::Identifier::{Missing, Right, Wrong, WrongSerial};
use super::super::blueprint::{AKI, Flaw, Mark, SKI, Value};
use super::super::der;
use super::super::mutation::{BELOW_ROOT, ON_ANY, ON_CAS, ON_LEAF, ON_ROOT, Rule, of};

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "no AKI", |draft| draft.remove(AKI)),
    of(ON_ANY, "AKI of another key", |draft| draft.name_authority(Wrong, Missing)),
    of(ON_ANY, "empty AKI", |draft| draft.name_authority(Missing, Missing)),
    of(ON_ANY, "AKI with issuer and serial alone", |draft| draft.name_authority(Missing, Right)),
    of(ON_ANY, "AKI with issuer and serial besides", |draft| draft.name_authority(Right, Right)),
    of(ON_ANY, "AKI with another serial", |draft| draft.name_authority(Missing, WrongSerial)),
    of(ON_ANY, "AKI with another serial besides", |draft| draft.name_authority(Right, WrongSerial)),
    of(ON_ANY, "AKI with another issuer", |draft| draft.name_authority(Missing, Wrong)),
    of(ON_ANY, "AKI with another issuer besides", |draft| draft.name_authority(Right, Wrong)),
    of(ON_ANY, "AKI of another key, right issuer and serial", |draft| draft.name_authority(Wrong, Right)),
    of(ON_ANY, "broken AKI", |draft| draft.put_der(AKI, false, vec![5, 0])),
    of(ON_ANY, "AKI with a serial and no issuer", |draft| {
        draft.put_der(AKI, false, der::sequence(&[der::context_value(2, &[1])]));
    }),
    of(ON_CAS, "no SKI", |draft| draft.remove(SKI)),
    of(ON_CAS, "SKI of another form", |draft| {
        draft.put(SKI, Mark::No, Value::SubjectKeyId(Some(vec![1, 2, 3, 4, 5, 6, 7, 8])));
    }),
    of(ON_CAS, "empty SKI", |draft| draft.put(SKI, Mark::No, Value::SubjectKeyId(Some(Vec::new())))),
    of(ON_LEAF, "SKI", |draft| draft.put(SKI, Mark::No, Value::SubjectKeyId(None))),
    of(ON_ANY, "broken SKI", |draft| draft.put_der(SKI, false, vec![5, 0])),
    of(ON_CAS, "no SKI and no AKI", |draft| {
        draft.remove(SKI);
        draft.remove(AKI);
    }),
    of(ON_ROOT, "no AKI, as most roots", |draft| draft.remove(AKI)),
];

pub(super) const SERIALS: &[Rule] = &[
    of(ON_ANY, "serial 0", |draft| draft.serial = vec![0]),
    of(ON_ANY, "serial 1", |draft| draft.serial = vec![1]),
    of(ON_ANY, "a negative serial", |draft| draft.serial = vec![0x80, 1]),
    of(ON_ANY, "a serial of 20 bytes", |draft| draft.serial = vec![0x71; 20]),
    of(ON_ANY, "a serial of 20 bytes and a zero", |draft| draft.serial = [&[0][..], &[0x81; 20]].concat()),
    of(ON_ANY, "a serial of 21 bytes", |draft| draft.serial = vec![0x71; 21]),
    of(ON_ANY, "a serial of 40 bytes", |draft| draft.serial = vec![0x71; 40]),
    of(ON_ANY, "an empty serial", |draft| draft.serial = Vec::new()),
    of(ON_ANY, "a serial with a leading zero", |draft| draft.serial = vec![0, 1]),
    of(ON_ANY, "version 1", |draft| {
        draft.version = None;
        draft.extensions.clear();
    }),
    of(ON_ANY, "version 1, written", |draft| {
        draft.version = Some(0);
        draft.extensions.clear();
    }),
    of(ON_ANY, "version 1 with extensions", |draft| draft.version = None),
    of(ON_ANY, "version 2", |draft| {
        draft.version = Some(1);
        draft.extensions.clear();
    }),
    of(ON_ANY, "version 2 with extensions", |draft| draft.version = Some(1)),
    of(ON_ANY, "version 3 without extensions", |draft| draft.flaws.push(Flaw::NoExtensionList)),
    of(ON_ANY, "version 4", |draft| draft.version = Some(3)),
    of(BELOW_ROOT, "an issuer's unique ID", |draft| draft.issuer_uid = true),
    of(ON_ANY, "a subject's unique ID", |draft| draft.subject_uid = true),
];
