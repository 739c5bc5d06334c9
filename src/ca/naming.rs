//! Names of CAs as trust stores show them.

use super::subject::{MAX_COMMON_NAME, Subject};
use crate::x509::{DistinguishedName, PrivateKey};

/// Which CA of a pair a name is for: root and intermediate must not have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaLevel {
    Root,
    Intermediate,
}

/// A name that trust stores cannot show would not tell this CA from another.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a valid CA name: it is empty or contains control characters")]
pub struct InvalidCaName(String);

/// # Errors
/// When the name is blank or contains control characters.
pub fn check_ca_name(name: &str) -> Result<(), InvalidCaName> {
    let is_odd = name.trim().is_empty() || name.chars().any(char::is_control);
    if is_odd { Err(InvalidCaName(name.to_owned())) } else { Ok(()) }
}

/// `NAME user@host 2026-11-20 1a2b3c4d`: users must be able to tell two CAs in a trust store apart,
/// and iOS hides roots without a name. The end is the beginning of the public key's SHA-256, so
/// that two CAs of one day have two names (a path is looked for by names, and the same name with
/// another key leads astray), while one key always has the same.
pub fn ca_common_name(name: Option<&str>, level: CaLevel, date: &str, key: &PrivateKey) -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "user".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let who = match (name, level) {
        (Some(name), CaLevel::Root) => name.to_owned(),
        (Some(name), CaLevel::Intermediate) => format!("{name} {}", level.as_str()),
        (None, _) => format!("certkit {}", level.as_str()),
    };
    let fingerprint = key.spki_sha256();
    let end = format!("{date} {}", cut(&fingerprint, 8));
    // The end is what tells two apart, so the rest gives way.
    let who = format!("{who} {user}@{host}");
    format!("{} {end}", cut(&who, MAX_COMMON_NAME - end.chars().count() - 1))
}

/// A subject as typed, made whole: without a common name it gets `common_name`, and an
/// intermediate's differs from its root's.
pub fn ca_subject(typed: Option<&Subject>, level: CaLevel, common_name: &str) -> Subject {
    let Some(typed) = typed else { return Subject::common_name(common_name) };
    match (typed.name(), level) {
        (Some(_), CaLevel::Root) => typed.clone(),
        (Some(name), CaLevel::Intermediate) => {
            let kind = level.as_str();
            let name = format!("{} {kind}", cut(name, MAX_COMMON_NAME - kind.len() - 1));
            typed.clone().renamed(&name)
        }
        (None, _) => typed.clone().with_common_name(common_name),
    }
}

/// What a CA was called, without the end that tells it from others; `None` for the default name.
pub fn successor_name(old: &DistinguishedName) -> Option<String> {
    let name = old.common_name()?;
    let mut parts = name.rsplitn(4, ' ');
    let (fingerprint, date, who) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = fingerprint.len() == 8
        && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())
        && date.len() == 10
        && who.contains('@');
    let name = parts.next().filter(|_| is_ours).unwrap_or(name);
    (name != format!("certkit {}", CaLevel::Root.as_str())).then(|| name.to_owned())
}

impl CaLevel {
    fn as_str(self) -> &'static str {
        match self {
            Self::Root => "CA",
            Self::Intermediate => "intermediate CA",
        }
    }
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyKind;

    #[test]
    fn the_next_ca_is_called_as_the_last_one() {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let next = |subject: &Subject| {
            let root = crate::ca::CaProfile::root(subject.clone(), 9);
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            let now = time::macros::datetime!(2026-11-20 12:00 UTC);
            successor_name(&crate::ca::make_root(&root, key, now).unwrap().leaf().subject)
        };
        for (name, wanted) in [(Some("Our team"), Some("Our team")), (None, None)] {
            let common_name = ca_common_name(name, CaLevel::Root, "2026-11-20", &key);
            assert_eq!(next(&Subject::common_name(&common_name)).as_deref(), wanted);
        }
        assert_eq!(next(&Subject::common_name("A B C D E")).as_deref(), Some("A B C D E"));
    }

    #[test]
    fn names_of_cas_end_with_what_tells_them_apart() {
        let key = || PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let (one, other) = (key(), key());
        let long = "ä".repeat(80);
        let name = |key| ca_common_name(Some(&long), CaLevel::Intermediate, "2026-11-20", key);
        assert_ne!(name(&one), name(&other));
        assert_eq!(name(&one), name(&one));
        assert_eq!(name(&one).chars().count(), 64);
        assert!(name(&one).ends_with(&format!(" 2026-11-20 {}", &one.spki_sha256()[..8])));
    }
}
