//! The files of one certificate.

use std::path::{Path, PathBuf};

use crate::advice::ca::not_a_prefix;
use crate::ca::{BUNDLE_FILE, FULL_CHAIN_ENDING, SigningCa, certificate_text, with_ending};
use crate::cli::MkcertArgs;
use crate::commands::Result;
use crate::operands::output::{Output, Overwrite, without_ending};
use crate::report::FileRole;
use crate::x509::{Certificate, PrivateKey, SignatureCheck};

/// The paths of what may be written.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) request: PathBuf,
    pub(super) p12: PathBuf,
    pub(super) bundle: PathBuf,
    /// Certificate and intermediates.
    full_chain: PathBuf,
    /// `--bundle pem`: certificate, intermediates and key.
    with_key: PathBuf,
}

impl Files {
    /// `certs/` would give the hidden files `certs/.crt` and `certs/.key`, and several files cannot
    /// share standard output.
    pub(super) fn new(args: &MkcertArgs) -> Result<Self> {
        let base = &without_ending(&args.output, "crt");
        let is_folder = base.as_os_str().as_encoded_bytes().ends_with(b"/") || base.file_name().is_none();
        if is_folder || base == Path::new("-") {
            return Err(not_a_prefix(&if is_folder { base.join("server") } else { "server".into() }));
        }
        Ok(Self {
            certificate: with_ending(base, "crt"),
            key: with_ending(base, "key"),
            request: with_ending(base, "csr"),
            p12: with_ending(base, "p12"),
            bundle: base.with_file_name(BUNDLE_FILE),
            full_chain: with_ending(base, FULL_CHAIN_ENDING),
            with_key: with_ending(base, "pem"),
        })
    }

    /// Those that hold the certificate besides its own.
    pub(super) fn others(&self, args: &MkcertArgs, ca: &SigningCa) -> Vec<PathBuf> {
        let full_chain = (!ca.bundle.is_empty()).then_some(&self.full_chain);
        let with_key = args.bundle.is_some().then_some(&self.with_key);
        let p12 = args.p12.then_some(&self.p12);
        full_chain.into_iter().chain(with_key).chain(p12).cloned().collect()
    }

    /// The files with its intermediates that a certificate of this CA lacks.
    pub(super) fn missing(&self, certificate: &Certificate, ca: &SigningCa) -> Output {
        let mut output = Output::default();
        // One of an intermediate that was replaced needs others.
        let is_of_now = ca.bundle.first().is_some_and(|issuer| {
            certificate.names_issuer(issuer) && certificate.signature_by(issuer) == SignatureCheck::Valid
        });
        let is_missing = |path: &Path| path.symlink_metadata().is_err();
        if is_of_now && is_missing(&self.full_chain) {
            let chain: Vec<_> = std::iter::once(certificate).chain(&ca.bundle).cloned().collect();
            output.full_chain(&self.full_chain, &chain, Overwrite::Refuse);
        }
        if is_of_now && is_missing(&self.bundle) {
            output.bundle(&self.bundle, &ca.bundle, Overwrite::Refuse);
        }
        output
    }

    /// Adds the files of certificates in one; `chain` begins with the certificate, and `key` is given
    /// where it is to stand with them.
    pub(super) fn add_combined(
        &self,
        output: &mut Output,
        chain: &[Certificate],
        key: Option<&PrivateKey>,
        overwrite: Overwrite,
    ) {
        if chain.len() > 1 {
            output.full_chain(&self.full_chain, chain, overwrite);
        }
        if let Some(key) = key {
            let mut text = certificate_text(chain);
            text.extend_from_slice(key.to_pem().as_bytes());
            let what = "certificates and private key in one, for HAProxy: keep it secret";
            output.private(&self.with_key, FileRole::Other, text, what, overwrite);
        }
    }
}
