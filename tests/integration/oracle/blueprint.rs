//! A chain before it is signed: certificates as data, which rules change one after the other.

use super::keys::{KeyId, KeyType, Signature};

/// The time that all chains are judged at: 2026-06-15T12:00:00Z.
pub(super) const AT: i64 = 1_781_524_800;
pub(super) const HOST: &str = "www.oracle.example";

pub(super) const LEAF: usize = 0;
pub(super) const ISSUER: usize = 1;

/// Certificates, what the server sends of them and what the client trusts.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    /// The leaf, its issuer, ..., the root; then others. Each of the first is issued by the next.
    pub(super) certificates: Vec<Draft>,
    /// Which of them the server sends, in this order.
    pub(super) sent: Vec<usize>,
    pub(super) trusted: Vec<usize>,
    pub(super) host: String,
}

/// A certificate that is not signed yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The certificate whose key signs this one.
    pub(super) signer: usize,
    pub(super) subject: Name,
    /// `None`: the subject of the signer.
    pub(super) issuer: Option<Name>,
    pub(super) key: KeyId,
    pub(super) signature: Signature,
    /// The content of the serial number.
    pub(super) serial: Vec<u8>,
    /// The number in the certificate: 2 is version 3. `None` leaves it out, which is version 1.
    pub(super) version: Option<u8>,
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
    pub(super) extensions: Vec<Extension>,
    pub(super) issuer_uid: bool,
    pub(super) subject_uid: bool,
    pub(super) flaws: Vec<Flaw>,
}

/// A time as it is written.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) tag: u8,
    pub(super) text: String,
}

/// Relative names, outermost first; each a set of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) Vec<Vec<Attribute>>);

/// Type, string tag and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) oid: &'static str,
    pub(super) tag: u8,
    pub(super) content: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct Extension {
    pub(super) oid: &'static str,
    pub(super) critical: Mark,
    pub(super) value: Value,
}

/// The criticality of an extension, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    No,
    Yes,
    /// FALSE, which DER leaves out.
    WrittenFalse,
    /// TRUE as 01, which is BER.
    OddTrue,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Der(Vec<u8>),
    /// The own key identifier; `None` is the one made from the key.
    SubjectKeyId(Option<Vec<u8>>),
    AuthorityKeyId {
        key: Identifier,
        certificate: Identifier,
    },
}

/// A reference to the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identifier {
    Missing,
    Right,
    Wrong,
    /// Only for certificates: the right name with another number.
    WrongSerial,
}

/// What is wrong with the encoding of a certificate, or with its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    BrokenSignature,
    /// The algorithm inside differs from the one outside.
    OtherInnerAlgorithm,
    NullMissing,
    NullAdded,
    LongLengthOutside,
    LongLengthInside,
    LongLengthOfSerial,
    LongLengthOfValidity,
    LongLengthOfExtension,
    IndefiniteOutside,
    TrailingBytes,
    TrailingBytesInside,
    NoExtensionList,
    SignatureWithUnusedBits,
}

pub(super) const AKI: &str = "2.5.29.35";
pub(super) const SKI: &str = "2.5.29.14";
pub(super) const KEY_USAGE: &str = "2.5.29.15";
pub(super) const SAN: &str = "2.5.29.17";
pub(super) const BASIC: &str = "2.5.29.19";
pub(super) const CONSTRAINTS: &str = "2.5.29.30";
pub(super) const EKU: &str = "2.5.29.37";
pub(super) const POLICIES: &str = "2.5.29.32";
pub(super) const COMMON_NAME: &str = "2.5.4.3";
pub(super) const ORGANIZATION: &str = "2.5.4.10";
pub(super) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

impl Moment {
    /// The usual form of a time (RFC 5280 section 4.1.2.5).
    pub(super) fn at(seconds: i64) -> Self {
        let time = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let (month, day) = (u8::from(time.month()), time.day());
        let clock = format!("{month:02}{day:02}{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second());
        if (1950..2050).contains(&time.year()) {
            Self { tag: super::der::UTC_TIME, text: format!("{:02}{clock}", time.year() % 100) }
        } else {
            Self::generalized(&format!("{:04}{clock}", time.year()))
        }
    }

    pub(super) fn generalized(text: &str) -> Self {
        Self { tag: super::der::GENERALIZED_TIME, text: text.to_owned() }
    }

    pub(super) fn utc(text: &str) -> Self {
        Self { tag: super::der::UTC_TIME, text: text.to_owned() }
    }
}

impl Name {
    /// An organization and a common name.
    pub(super) fn of(common_name: &str) -> Self {
        let attribute = |oid, text: &str| vec![Attribute::new(oid, super::der::UTF8, text)];
        Self(vec![attribute(ORGANIZATION, "Oracle Test"), attribute(COMMON_NAME, common_name)])
    }

    /// Every attribute of one type.
    pub(super) fn each(&mut self, oid: &str, mut change: impl FnMut(&mut Attribute)) {
        self.0.iter_mut().flatten().filter(|attribute| attribute.oid == oid).for_each(&mut change);
    }

    pub(super) fn set(&mut self, oid: &'static str, tag: u8, content: &[u8]) {
        self.each(oid, |attribute| *attribute = Attribute { oid, tag, content: content.to_vec() });
    }
}

impl Attribute {
    pub(super) fn new(oid: &'static str, tag: u8, text: &str) -> Self {
        Self { oid, tag, content: text.as_bytes().to_vec() }
    }
}

impl Draft {
    pub(super) fn find(&self, oid: &str) -> Option<usize> {
        self.extensions.iter().position(|extension| extension.oid == oid)
    }

    /// The extension is not there any more.
    pub(super) fn remove(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    /// Puts it in the place of the one of that type, else behind the others.
    pub(super) fn put(&mut self, oid: &'static str, critical: Mark, value: Value) {
        let extension = Extension { oid, critical, value };
        match self.find(oid) {
            Some(index) => self.extensions[index] = extension,
            None => self.extensions.push(extension),
        }
    }

    pub(super) fn put_der(&mut self, oid: &'static str, critical: bool, der: Vec<u8>) {
        self.put(oid, if critical { Mark::Yes } else { Mark::No }, Value::Der(der));
    }

    /// Changes the mark, if there is such an extension.
    pub(super) fn mark(&mut self, oid: &str, critical: Mark) {
        if let Some(index) = self.find(oid) {
            self.extensions[index].critical = critical;
        }
    }

    pub(super) fn name_authority(&mut self, key: Identifier, certificate: Identifier) {
        self.put(AKI, Mark::No, Value::AuthorityKeyId { key, certificate });
    }
}

impl Blueprint {
    /// A chain that every client accepts under every profile: leaf, intermediate, root.
    pub(super) fn sound() -> Self {
        let day = 86_400;
        let leaf = Draft {
            not_before: Moment::at(AT - 10 * day),
            not_after: Moment::at(AT + 80 * day),
            extensions: leaf_extensions(),
            ..ca("", 1, 0)
        };
        let leaf = Draft { subject: Name(Vec::new()), ..leaf };
        let leaf =
            Draft { subject: Name(vec![vec![Attribute::new(COMMON_NAME, super::der::UTF8, HOST)]]), ..leaf };
        let intermediate =
            Draft { not_after: Moment::at(AT + 1000 * day), ..ca("Oracle Intermediate", 2, 1) };
        let root = ca("Oracle Root", 2, 2);
        Self {
            certificates: vec![leaf, intermediate, root],
            sent: vec![0, 1],
            trusted: vec![2],
            host: HOST.to_owned(),
        }
    }

    /// Where the root is: the certificate of the chain that signs itself.
    pub(super) fn root(&self) -> usize {
        let mut index = LEAF;
        while self.certificates[index].signer != index && index + 1 < self.certificates.len() {
            index = self.certificates[index].signer;
        }
        index
    }
}

/// A CA certificate, signed by `signer`; its own key is the one in `slot`.
pub(super) fn ca(name: &str, signer: usize, slot: u8) -> Draft {
    use super::der;
    let day = 86_400;
    Draft {
        signer,
        subject: Name::of(name),
        issuer: None,
        key: KeyId { kind: KeyType::P256, slot },
        signature: Signature::Usual,
        serial: vec![0x40 + slot, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x10 + slot],
        version: Some(2),
        not_before: Moment::at(AT - 500 * day),
        not_after: Moment::at(AT + 3000 * day),
        extensions: vec![
            Extension { oid: BASIC, critical: Mark::Yes, value: Value::Der(der::sequence(&[der::truth()])) },
            // keyCertSign and cRLSign.
            Extension {
                oid: KEY_USAGE,
                critical: Mark::Yes,
                value: Value::Der(der::tlv(der::BIT_STRING, &[1, 0x06])),
            },
            Extension { oid: SKI, critical: Mark::No, value: Value::SubjectKeyId(None) },
            Extension {
                oid: AKI,
                critical: Mark::No,
                value: Value::AuthorityKeyId { key: Identifier::Right, certificate: Identifier::Missing },
            },
        ],
        issuer_uid: false,
        subject_uid: false,
        flaws: Vec::new(),
    }
}

fn leaf_extensions() -> Vec<Extension> {
    use super::der;
    vec![
        Extension {
            oid: KEY_USAGE,
            critical: Mark::Yes,
            value: Value::Der(der::tlv(der::BIT_STRING, &[7, 0x80])),
        },
        Extension {
            oid: EKU,
            critical: Mark::No,
            value: Value::Der(der::sequence(&[der::oid(SERVER_AUTH)])),
        },
        Extension {
            oid: AKI,
            critical: Mark::No,
            value: Value::AuthorityKeyId { key: Identifier::Right, certificate: Identifier::Missing },
        },
        Extension {
            oid: SAN,
            critical: Mark::No,
            value: Value::Der(der::sequence(&[der::context_value(2, HOST.as_bytes())])),
        },
        // Required by the baseline requirements: domain validated.
        Extension {
            oid: POLICIES,
            critical: Mark::No,
            value: Value::Der(der::sequence(&[der::sequence(&[der::oid("2.23.140.1.2.1")])])),
        },
    ]
}
