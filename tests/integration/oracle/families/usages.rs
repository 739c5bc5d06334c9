//! Key usages and extended key usages.

use super::super::blueprint::{Draft, EKU, KEY_USAGE, Mark, SERVER_AUTH, Value};
use super::super::der;
use super::super::mutation::{ON_ANY, ON_CAS, ON_LEAF, Rule, of};

const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
const ANY: &str = "2.5.29.37.0";
const NETSCAPE_STEP_UP: &str = "2.16.840.1.113730.4.1";
const MICROSOFT_STEP_UP: &str = "1.3.6.1.4.1.311.10.3.3";

/// The content of the bit string, with the number of unused bits in front.
fn usage(draft: &mut Draft, bits: &[u8]) {
    draft.put(KEY_USAGE, Mark::Yes, Value::Der(der::tlv(der::BIT_STRING, bits)));
}

pub(super) const KEY_USAGES: &[Rule] = &[
    of(ON_ANY, "no key usage", |draft| draft.remove(KEY_USAGE)),
    of(ON_ANY, "key usage not critical", |draft| draft.mark(KEY_USAGE, Mark::No)),
    of(ON_ANY, "key usage without a bit", |draft| usage(draft, &[0])),
    of(ON_ANY, "key usage with a zero byte", |draft| usage(draft, &[0, 0])),
    of(ON_ANY, "key usage only digitalSignature", |draft| usage(draft, &[7, 0x80])),
    of(ON_LEAF, "key usage digitalSignature, keyEncipherment", |draft| usage(draft, &[5, 0xa0])),
    of(ON_LEAF, "key usage only keyEncipherment", |draft| usage(draft, &[5, 0x20])),
    of(ON_LEAF, "key usage only keyAgreement", |draft| usage(draft, &[3, 0x08])),
    of(ON_LEAF, "key usage only nonRepudiation", |draft| usage(draft, &[6, 0x40])),
    of(ON_LEAF, "key usage keyCertSign besides", |draft| usage(draft, &[2, 0x84])),
    of(ON_LEAF, "key usage only keyCertSign", |draft| usage(draft, &[2, 0x04])),
    of(ON_LEAF, "key usage decipherOnly besides", |draft| usage(draft, &[7, 0x88, 0x80])),
    of(ON_CAS, "key usage only keyCertSign", |draft| usage(draft, &[2, 0x04])),
    of(ON_CAS, "key usage only cRLSign", |draft| usage(draft, &[1, 0x02])),
    of(ON_CAS, "key usage keyEncipherment besides", |draft| usage(draft, &[1, 0xa6])),
    of(ON_CAS, "no key usage and path length 0", |draft| {
        draft.remove(KEY_USAGE);
        let parts = [der::truth(), der::small(0)];
        draft.put_der(super::super::blueprint::BASIC, true, der::sequence(&parts));
    }),
    of(ON_ANY, "key usage with unused bits set", |draft| usage(draft, &[7, 0xff])),
    of(ON_ANY, "key usage with a zero byte at the end", |draft| usage(draft, &[0, 0x86, 0])),
    of(ON_ANY, "key usage is not a bit string", |draft| draft.put_der(KEY_USAGE, true, der::small(6))),
];

fn purposes(draft: &mut Draft, all: &[&str]) {
    let oids: Vec<_> = all.iter().map(|purpose| der::oid(purpose)).collect();
    draft.put(EKU, Mark::No, Value::Der(der::sequence(&oids)));
}

pub(super) const EXTENDED: &[Rule] = &[
    of(ON_LEAF, "no extended key usage", |draft| draft.remove(EKU)),
    of(ON_ANY, "extended key usage critical", |draft| {
        purposes(draft, &[SERVER_AUTH]);
        draft.mark(EKU, Mark::Yes);
    }),
    of(ON_ANY, "for servers and clients", |draft| purposes(draft, &[SERVER_AUTH, CLIENT_AUTH])),
    of(ON_CAS, "for servers", |draft| purposes(draft, &[SERVER_AUTH])),
    of(ON_ANY, "for clients only", |draft| purposes(draft, &[CLIENT_AUTH])),
    of(ON_ANY, "for code signing only", |draft| purposes(draft, &[CODE_SIGNING])),
    of(ON_ANY, "for any purpose", |draft| purposes(draft, &[ANY])),
    of(ON_ANY, "for servers and any purpose", |draft| purposes(draft, &[SERVER_AUTH, ANY])),
    of(ON_ANY, "for clients and any purpose", |draft| purposes(draft, &[CLIENT_AUTH, ANY])),
    of(ON_ANY, "for servers and an unknown purpose", |draft| purposes(draft, &[SERVER_AUTH, "1.2.3.4.5"])),
    of(ON_ANY, "for servers and OCSP", |draft| purposes(draft, &[SERVER_AUTH, OCSP_SIGNING])),
    of(ON_ANY, "for an unknown purpose only", |draft| purposes(draft, &["1.2.3.4.5"])),
    of(ON_ANY, "for Netscape's step-up only", |draft| purposes(draft, &[NETSCAPE_STEP_UP])),
    of(ON_ANY, "for Microsoft's step-up only", |draft| purposes(draft, &[MICROSOFT_STEP_UP])),
    of(ON_ANY, "for no purpose", |draft| purposes(draft, &[])),
    of(ON_ANY, "for servers twice", |draft| purposes(draft, &[SERVER_AUTH, SERVER_AUTH])),
    of(ON_ANY, "extended key usage is not a sequence", |draft| draft.put_der(EKU, false, vec![5, 0])),
];
