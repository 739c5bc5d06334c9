//! What to do about a file whose chain is judged, besides what the rules say.

use super::files::{form_notes, malformed, quoting_glued};
use crate::chain::{BatchError, CaseReason, RevocationListError, TypedOptions};
use crate::container::Note;
use crate::finding::{Code, Finding, Location, Severity, did_you_mean};
use crate::operands::input::{CertificateFile, name};
use crate::operands::revocation_list::ListFileError;
use crate::pem::{Damage, DamageKind};
use crate::report::Failure;
use crate::sys::shell::input_word;

/// A server reads the file as it is, with openssl's reader or a similar one. Damage that openssl does not accept is an
/// error here, though certkit can read it.
pub fn damage_errors(file: &str, read: &CertificateFile, typed: &TypedOptions<'_>) -> Vec<Finding> {
    let error = |damage: &Damage| {
        let code = if damage.kind == DamageKind::Glued { Code::PemGlued } else { Code::PemMalformed };
        let message = format!("{}: openssl and most servers cannot read this", damage.kind.as_str());
        let command = typed.merge(&input_word(file), "");
        let fix = format!("Run `{command}`; it puts each BEGIN and END on a line of its own.");
        let finding = Finding::error(code, message).at(Location::line(file, damage.line)).fix(fix);
        quoting_glued(finding, read)
    };
    read.damages.iter().filter(|damage| damage.kind.breaks_openssl()).map(error).collect()
}

/// The chain in another form than PEM may be right, and is judged. But few servers read such a file. `password` is the
/// option with the password that opened it.
pub fn form_warnings(file: &str, forms: &[Note], typed: &TypedOptions<'_>, password: &str) -> Vec<Finding> {
    let has_password = forms.iter().any(|form| matches!(form, Note::Pkcs12 { .. }));
    let command = typed.merge(&input_word(file), if has_password { password } else { "" });
    let warning = |note: Finding| Finding {
        severity: Severity::Warning,
        message: format!("{}. Most servers need PEM", note.message),
        fix: Some(format!("Run `{command}`.")),
        ..note
    };
    form_notes(file, forms).into_iter().map(warning).collect()
}

/// A private key among the certificates of a chain. PKCS#12 is made to hold both.
pub fn key_in_chain(file: &str, read: &CertificateFile, typed: &TypedOptions<'_>) -> Option<Finding> {
    let location = read.private_keys.first()?;
    if read.forms.iter().any(|form| matches!(form, Note::Pkcs12 { .. })) {
        return None;
    }
    let message = format!(
        "`{}` holds a private key beside the certificates; everyone may read a chain file, and nobody but the server a key",
        name(file)
    );
    let fix = format!(
        "Write the certificates alone into a new file: `{}`\n\
         Keep the key in a file of its own that only its owner may read. HAProxy reads both from one file; then \
         protect that file like a key.",
        typed.merge(&input_word(file), "")
    );
    Some(Finding::warning(Code::PrivateKeyInInput, message).at(location.clone()).fix(fix))
}

/// A file for `--crl` that cannot be used.
impl From<ListFileError> for Failure {
    fn from(error: ListFileError) -> Self {
        match error {
            ListFileError::Read(error) => error.into(),
            ListFileError::Unusable { file, error } => unusable_list(&error).at(Location::file(file)).into(),
        }
    }
}

fn unusable_list(error: &RevocationListError) -> Finding {
    let code = match error {
        RevocationListError::Container(_) => Code::PemMalformed,
        _ => Code::CrlInvalid,
    };
    Finding::error(code, error.to_string())
        .fix("Download the list again from the CA; its address is in the certificate.")
}

/// Why the chain of a line of a batch does not hold.
pub fn case_reason(reason: &CaseReason) -> Finding {
    match reason {
        CaseReason::Found(finding) => (**finding).clone(),
        CaseReason::Malformed { error, location } => {
            let finding = malformed(error, location.clone().unwrap_or_default());
            Finding { location: location.clone(), ..finding }
        }
        CaseReason::RevocationList(error) => unusable_list(error),
    }
}

/// A line of a batch that could not be judged.
pub fn batch_error(error: &BatchError) -> Finding {
    Finding::error(Code::InvalidSetting, error.to_string())
}

/// `--explain` with a word that is not a finding code: the one that was meant, or `candidates` to choose from.
pub fn unknown_code(word: &str, meant: Option<&str>, candidates: &[&str]) -> Failure {
    let message = format!("--explain: `{word}` is not a finding code{}", did_you_mean(meant));
    let fix = match meant {
        Some(meant) => format!("Run `certkit check --explain {meant}`."),
        None => format!("Use one of: {}", candidates.join(" ")),
    };
    Finding::error(Code::InvalidSetting, message).fix(fix).into()
}
