//! Keys, made once in a run and used by all chains. What aws-lc signs is signed here; the rest by openssl.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::{env, fs, process};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, RsaKeySize, SigningKey};

use super::der;

/// Kinds of keys. Those below `Rsa3072` no browser takes, or only some do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyType {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa2048,
    Rsa3072,
    Rsa1024,
    RsaExponent3,
    RsaPss,
    P224,
    Secp256k1,
    Brainpool,
    ExplicitP256,
    CompressedP256,
    Ed448,
    Dsa,
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Signature {
    /// What is usual with the key.
    Usual,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Pss,
    PssSha1,
}

/// A key of its kind; `slot` tells those of one kind apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyId {
    pub(super) kind: KeyType,
    pub(super) slot: u8,
}

pub(super) struct Key {
    /// SubjectPublicKeyInfo.
    pub(super) spki: Vec<u8>,
    /// SHA-1 of the spki, as key identifiers are often made.
    pub(super) identifier: Vec<u8>,
    /// The private key as PKCS#8 in PEM.
    pub(super) pem: String,
    own: Option<KeyPair>,
    file: PathBuf,
}

static KEYS: LazyLock<Mutex<HashMap<KeyId, Arc<Key>>>> = LazyLock::new(Mutex::default);

/// Where this process keeps keys for openssl.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oracle-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
});

/// Removes what [`key`] left on the disk.
pub(super) fn clean_up() {
    let _ = fs::remove_dir_all(&*FOLDER);
}

pub(super) fn key(id: KeyId) -> Arc<Key> {
    let mut keys = KEYS.lock().unwrap();
    Arc::clone(keys.entry(id).or_insert_with(|| Arc::new(Key::new(id))))
}

impl Key {
    fn new(id: KeyId) -> Self {
        let own = match id.kind {
            KeyType::P256 => Some(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)),
            KeyType::P384 => Some(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)),
            KeyType::P521 => Some(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512)),
            KeyType::Ed25519 => Some(KeyPair::generate_for(&rcgen::PKCS_ED25519)),
            KeyType::Rsa2048 => Some(KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)),
            KeyType::Rsa3072 => Some(KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072)),
            _ => None,
        };
        let own = own.map(Result::unwrap);
        let file = FOLDER.join(format!("{:?}-{}.pem", id.kind, id.slot));
        let pem = match &own {
            Some(pair) if id.kind == KeyType::Ed25519 => without_public_part(pair.serialized_der()),
            Some(pair) => pair.serialize_pem(),
            None => generated(id.kind),
        };
        fs::write(&file, &pem).unwrap();
        let spki = match &own {
            Some(pair) => rcgen::PublicKeyData::subject_public_key_info(pair),
            None => public_part(id.kind, &file),
        };
        let identifier = sha1(&spki);
        Self { spki, identifier, pem, own, file }
    }

    /// Signs, and gives the signature.
    pub(super) fn sign(&self, kind: KeyType, how: Signature, message: &[u8]) -> Vec<u8> {
        let how = effective(kind, how);
        if let Some(pair) = &self.own
            && how == effective(kind, Signature::Usual)
        {
            return pair.sign(message).unwrap();
        }
        let mut args: Vec<&str> = Vec::new();
        if matches!(kind, KeyType::Ed448 | KeyType::Ed25519) {
            let input = FOLDER.join("message");
            fs::write(&input, message).unwrap();
            let file = self.file.display().to_string();
            let input = input.display().to_string();
            return openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", &file, "-in", &input], &[]);
        }
        args.extend(["dgst", how.digest()]);
        if matches!(how, Signature::Pss | Signature::PssSha1) {
            args.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]);
        }
        let file = self.file.display().to_string();
        args.extend(["-sign", &file]);
        openssl(&args, message)
    }
}

impl Signature {
    fn digest(self) -> &'static str {
        match self {
            Self::Md5 => "-md5",
            Self::Sha1 | Self::PssSha1 => "-sha1",
            Self::Sha224 => "-sha224",
            Self::Sha384 => "-sha384",
            Self::Sha512 => "-sha512",
            _ => "-sha256",
        }
    }
}

/// The signature that a key of this kind makes when asked for this one.
fn effective(kind: KeyType, how: Signature) -> Signature {
    match (kind, how) {
        (KeyType::Ed25519 | KeyType::Ed448, _) => Signature::Usual,
        (KeyType::RsaPss, Signature::PssSha1) => Signature::PssSha1,
        (KeyType::RsaPss, _) => Signature::Pss,
        (KeyType::Dsa, Signature::Sha1 | Signature::Md5 | Signature::PssSha1) => Signature::Sha1,
        (KeyType::P384, Signature::Usual) => Signature::Sha384,
        (KeyType::P521, Signature::Usual) => Signature::Sha512,
        (KeyType::Dsa, _) | (_, Signature::Usual) => Signature::Sha256,
        (KeyType::Rsa1024 | KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::RsaExponent3, how) => how,
        (_, Signature::Md5 | Signature::PssSha1) => Signature::Sha1,
        (_, Signature::Pss) => Signature::Sha256,
        (_, how) => how,
    }
}

/// The AlgorithmIdentifier of a signature.
pub(super) fn algorithm(kind: KeyType, how: Signature) -> Vec<u8> {
    let how = effective(kind, how);
    let rsa = |oid: &str| der::sequence(&[der::oid(oid), der::tlv(0x05, &[])]);
    let bare = |oid: &str| der::sequence(&[der::oid(oid)]);
    match kind {
        KeyType::Ed25519 => bare("1.3.101.112"),
        KeyType::Ed448 => bare("1.3.101.113"),
        KeyType::Dsa => bare(match how {
            Signature::Sha1 => "1.2.840.10040.4.3",
            _ => "2.16.840.1.101.3.4.3.2",
        }),
        KeyType::Rsa1024 | KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::RsaExponent3 | KeyType::RsaPss => {
            match how {
                Signature::Md5 => rsa("1.2.840.113549.1.1.4"),
                Signature::Sha1 => rsa("1.2.840.113549.1.1.5"),
                Signature::Sha224 => rsa("1.2.840.113549.1.1.14"),
                Signature::Sha384 => rsa("1.2.840.113549.1.1.12"),
                Signature::Sha512 => rsa("1.2.840.113549.1.1.13"),
                Signature::Pss => pss("2.16.840.1.101.3.4.2.1", 32),
                Signature::PssSha1 => {
                    der::sequence(&[der::oid("1.2.840.113549.1.1.10"), der::sequence::<Vec<u8>>(&[])])
                }
                Signature::Usual | Signature::Sha256 => rsa("1.2.840.113549.1.1.11"),
            }
        }
        _ => bare(match how {
            Signature::Sha1 | Signature::Md5 | Signature::PssSha1 => "1.2.840.10045.4.1",
            Signature::Sha224 => "1.2.840.10045.4.3.1",
            Signature::Sha384 => "1.2.840.10045.4.3.3",
            Signature::Sha512 => "1.2.840.10045.4.3.4",
            Signature::Usual | Signature::Sha256 | Signature::Pss => "1.2.840.10045.4.3.2",
        }),
    }
}

/// RSASSA-PSS with its parameters (RFC 4055 section 3.1).
fn pss(digest: &str, salt: u8) -> Vec<u8> {
    let digest = der::sequence(&[der::oid(digest), der::tlv(0x05, &[])]);
    let mask = der::sequence(&[der::oid("1.2.840.113549.1.1.8"), digest.clone()]);
    let parameters = der::sequence(&[
        der::context(0, &digest),
        der::context(1, &mask),
        der::context(2, &der::small(salt)),
    ]);
    der::sequence(&[der::oid("1.2.840.113549.1.1.10"), parameters])
}

/// The first version of PKCS#8, the only one that OpenSSL 3.0 reads: the seed and not the public key (RFC 8410 section 7).
fn without_public_part(der: &[u8]) -> String {
    let mark = [4, 0x22, 4, 0x20];
    let at = der.windows(4).position(|window| window == mark).unwrap() + mark.len();
    let kind = der::sequence(&[der::oid("1.3.101.112")]);
    let seed = der::octets(&der::octets(&der[at..at + 32]));
    let key = STANDARD.encode(der::sequence(&[der::small(0), kind, seed]));
    format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")
}

fn generated(kind: KeyType) -> String {
    let args: &[&str] = match kind {
        KeyType::Rsa1024 => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        KeyType::RsaExponent3 => {
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"]
        }
        KeyType::RsaPss => &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
        KeyType::P224 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
        KeyType::Secp256k1 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        KeyType::Brainpool => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
        KeyType::ExplicitP256 => {
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
        }
        KeyType::CompressedP256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        KeyType::Ed448 => &["-algorithm", "ED448"],
        KeyType::Dsa => return dsa(),
        _ => unreachable!("aws-lc makes these"),
    };
    String::from_utf8(openssl(&[&["genpkey"], args].concat(), &[])).unwrap()
}

fn dsa() -> String {
    let parameters = openssl(
        &[
            "genpkey",
            "-genparam",
            "-algorithm",
            "DSA",
            "-pkeyopt",
            "dsa_paramgen_bits:2048",
            "-pkeyopt",
            "dsa_paramgen_q_bits:256",
        ],
        &[],
    );
    let file = FOLDER.join("dsa-parameters.pem");
    fs::write(&file, parameters).unwrap();
    String::from_utf8(openssl(&["genpkey", "-paramfile", &file.display().to_string()], &[])).unwrap()
}

fn public_part(kind: KeyType, file: &Path) -> Vec<u8> {
    let file = file.display().to_string();
    if kind == KeyType::CompressedP256 {
        return openssl(&["ec", "-in", &file, "-pubout", "-outform", "DER", "-conv_form", "compressed"], &[]);
    }
    openssl(&["pkey", "-in", &file, "-pubout", "-outform", "DER"], &[])
}

pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    use sha1::Digest;
    sha1::Sha1::digest(bytes).to_vec()
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "openssl {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
