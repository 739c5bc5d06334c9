//! Names to certify as people type them.
//!
//! A URL or `host:port`, pasted from a browser, means its host, unless the host is there already. openssl's prefixes (`DNS:`, `IP:`, `URI:`, `email:`)
//! say which form is meant. The first name of a client may be a person's, which is a common name only.

use super::subject::MAX_COMMON_NAME;
use crate::x509::{CertificateName, HostName, InvalidName, WildcardReach};

/// Names that were typed for one certificate.
#[derive(Debug, Default)]
pub struct TypedNames {
    /// The subject alternative names, each once.
    pub names: Vec<CertificateName>,
    /// A client's common name, as it was typed.
    pub common_name: Option<String>,
    pub remarks: Vec<NameRemark>,
}

/// What users should know of a name that they typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameRemark {
    #[error("`{typed}` is not a host name; the certificate is for its host `{host}`")]
    Host { typed: String, host: String },
    #[error(
        "OpenSSL, GnuTLS, Firefox and rustls accept no wildcard below a name of one label: they refuse `{0}` for \
         every host"
    )]
    OneLabelWildcard(String),
    #[error(
        "`{0}` covers a public suffix, under which anyone may have a domain; Chrome refuses such wildcards"
    )]
    SuffixWildcard(String),
}

/// Schemes of URLs that name a server to connect to. Other URIs, such as SPIFFE's, are names by themselves.
const SERVER_SCHEMES: &[&str] = &[
    "amqp",
    "amqps",
    "ftp",
    "ftps",
    "http",
    "https",
    "imap",
    "imaps",
    "ldap",
    "ldaps",
    "mqtt",
    "mqtts",
    "mysql",
    "pop3",
    "pop3s",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "smtp",
    "smtps",
    "ws",
    "wss",
];

impl TypedNames {
    /// Reads the names of a server.
    ///
    /// # Errors
    /// When one is not a valid name.
    pub fn of_server(texts: &[impl AsRef<str>]) -> Result<Self, InvalidName> {
        let mut typed = Self::default();
        for text in texts {
            typed.add(read(text.as_ref())?);
        }
        Ok(typed)
    }

    /// Reads the names of a client: the first one is the common name as it was typed. `Alice Smith` is nothing else;
    /// `Alice Smith <alice@test.example>` is a common name and a mail address.
    ///
    /// # Errors
    /// When one is not a valid name.
    pub fn of_client(texts: &[impl AsRef<str>]) -> Result<Self, InvalidName> {
        let mut typed = Self::default();
        let Some((first, others)) = texts.split_first() else { return Ok(typed) };
        let first = first.as_ref().trim();
        if let Some((person, mail)) = person_and_mail(first) {
            typed.common_name = Some(common_name(person)?);
            typed.add((form_of(mail, "in angle brackets a mail address must follow", is_mail)?, None));
        } else if is_person(first) {
            typed.common_name = Some(common_name(first)?);
        } else {
            let (name, remark) = read(first)?;
            let text = if remark.is_none() { first.to_owned() } else { name.to_string() };
            // One that is too long is among the alternative names only.
            typed.common_name = Some(text).filter(|text| text.chars().count() <= MAX_COMMON_NAME);
            typed.add((name, remark));
        }
        for text in others {
            typed.add(read(text.as_ref())?);
        }
        Ok(typed)
    }

    /// Who the certificate is for, in the order that was typed.
    pub fn label(&self) -> String {
        let person = self.common_name.iter().cloned();
        let is_known =
            |name: &String| self.common_name.as_ref().is_none_or(|person| !person.eq_ignore_ascii_case(name));
        let names = self.names.iter().map(ToString::to_string).filter(is_known);
        person.chain(names).collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, (name, remark): (CertificateName, Option<NameRemark>)) {
        if self.names.contains(&name) {
            // A URL beside its own host can only be meant as a URI.
            let uri = remark.as_ref().and_then(|remark| match remark {
                NameRemark::Host { typed, .. } if typed.contains("://") => CertificateName::uri(typed).ok(),
                _ => None,
            });
            let is_new = |uri: &CertificateName| !self.names.contains(uri);
            let uri = uri.filter(is_new);
            self.names.extend(uri);
            return;
        }
        self.remarks.extend(remark);
        self.remarks.extend(match WildcardReach::of(&name) {
            Some(WildcardReach::OneLabel) => Some(NameRemark::OneLabelWildcard(name.to_string())),
            Some(WildcardReach::PublicSuffix) => Some(NameRemark::SuffixWildcard(name.to_string())),
            Some(WildcardReach::Domain) | None => None,
        });
        self.names.push(name);
    }
}

fn read(text: &str) -> Result<(CertificateName, Option<NameRemark>), InvalidName> {
    if let Some(name) = prefixed(text) {
        return Ok((name?, None));
    }
    let host_of = |name: CertificateName| {
        let remark = NameRemark::Host { typed: text.to_owned(), host: name.to_string() };
        (name, Some(remark))
    };
    if let Some((scheme, _)) = text.split_once("://")
        && SERVER_SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return HostName::parse(text).map(|host| {
            host_of(match host {
                HostName::Dns(name) => CertificateName::Dns(name),
                HostName::Ip(address) => CertificateName::Ip(address),
            })
        });
    }
    let error = match CertificateName::parse(text) {
        Ok(name) => return Ok((name, None)),
        Err(error) => error,
    };
    let host = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map(|(host, _)| host);
    match host.map(CertificateName::parse) {
        Some(Ok(name @ (CertificateName::Dns(_) | CertificateName::Ip(_)))) => Ok(host_of(name)),
        _ => Err(error),
    }
}

/// A name after one of openssl's prefixes, which must be of that form; `None` where there is no prefix.
fn prefixed(text: &str) -> Option<Result<CertificateName, InvalidName>> {
    let (prefix, rest) = text.split_once(':')?;
    Some(match prefix {
        "URI" => CertificateName::uri(rest),
        "DNS" => form_of(rest, "after DNS: a host name must follow", |name| {
            matches!(name, CertificateName::Dns(_))
        }),
        "IP" => {
            form_of(rest, "after IP: an address must follow", |name| matches!(name, CertificateName::Ip(_)))
        }
        "email" => form_of(rest, "after email: a mail address must follow", is_mail),
        _ => return None,
    })
}

/// A name that must be of one form.
fn form_of(
    text: &str,
    reason: &'static str,
    is_form: fn(&CertificateName) -> bool,
) -> Result<CertificateName, InvalidName> {
    let name = CertificateName::parse(text)?;
    if is_form(&name) { Ok(name) } else { Err(InvalidName { text: text.to_owned(), reason }) }
}

fn is_mail(name: &CertificateName) -> bool {
    matches!(name, CertificateName::Mail(_))
}

/// `Alice Smith <alice@test.example>`.
fn person_and_mail(text: &str) -> Option<(&str, &str)> {
    let (person, mail) = text.strip_suffix('>')?.split_once('<')?;
    Some((person.trim(), mail.trim()))
}

/// Whether this is a name of a person or a device rather than a host, an address or a URI: it has blanks or letters
/// beyond ASCII, or it is one word that no host can have.
fn is_person(text: &str) -> bool {
    if text.is_empty() || text.contains(['@', ':', '*', '<', '>', '/', '\\']) {
        return false;
    }
    if text.is_ascii() {
        return text.contains(' ') || (!text.contains('.') && CertificateName::parse(text).is_err());
    }
    text.contains(' ') || !text.contains('.')
}

/// A common name, as RFC 5280 appendix A.1 has it.
fn common_name(text: &str) -> Result<String, InvalidName> {
    let invalid = |reason| Err(InvalidName { text: text.to_owned(), reason });
    if text.is_empty() {
        return invalid("there is no name before the mail address");
    }
    if text.chars().any(char::is_control) {
        return invalid("it contains a control character");
    }
    if text.chars().count() > MAX_COMMON_NAME {
        return invalid("a common name has at most 64 characters");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server(text: &str) -> String {
        let typed = TypedNames::of_server(&[text]).unwrap();
        let remarks = if typed.remarks.is_empty() { "" } else { " !" };
        format!("{}{remarks}", typed.names[0])
    }

    #[test]
    fn what_is_pasted_means_its_host() {
        for (text, name) in [
            ("https://www.mysite.com/", "www.mysite.com !"),
            ("HTTPS://me@www.mysite.com:8443/a?b", "www.mysite.com !"),
            ("wss://[::1]:8443", "::1 !"),
            ("www.mysite.com:8443", "www.mysite.com !"),
            ("*.mysite.com:443", "*.mysite.com !"),
            ("127.0.0.1:443", "127.0.0.1 !"),
            ("[::1]:443", "::1 !"),
            ("::1", "::1"),
            ("fe80::1:8443", "fe80::1:8443"),
            ("spiffe://mysite.com/web", "spiffe://mysite.com/web"),
            ("URI:https://www.mysite.com/", "https://www.mysite.com/"),
            ("URI:urn:uuid:1", "urn:uuid:1"),
            ("DNS:www.mysite.com", "www.mysite.com"),
            ("IP:10.0.0.1", "10.0.0.1"),
            ("email:me@mysite.com", "me@mysite.com"),
        ] {
            assert_eq!(server(text), name, "{text}");
        }
        for bad in [
            "https://",
            "https://a b/",
            "www.mysite.com:99999",
            "www.mysite.com:x",
            "URI:",
            "URI:www",
            "IP:a.test",
        ] {
            assert!(TypedNames::of_server(&[bad]).is_err(), "{bad}");
        }
        let twice = TypedNames::of_server(&["a.test", "A.test", "a.test:443"]).unwrap();
        assert_eq!((twice.names.len(), twice.remarks.len()), (1, 0));
        // Beside its host it is a URI.
        let label = |names: &[&str]| TypedNames::of_server(names).unwrap().label();
        assert_eq!(label(&["a.test", "https://a.test/x"]), "a.test, https://a.test/x");
        assert_eq!(label(&["b.test", "https://a.test/x"]), "b.test, a.test");
    }

    #[test]
    fn wildcards_that_clients_refuse() {
        use NameRemark::*;
        let remarks = |text: &str| TypedNames::of_server(&[text]).unwrap().remarks;
        assert_eq!(remarks("*.test"), [OneLabelWildcard("*.test".into())]);
        assert_eq!(remarks("*.co.uk"), [SuffixWildcard("*.co.uk".into())]);
        assert_eq!(remarks("*.mysite.test"), []);
    }

    fn client(texts: &[&str]) -> (Option<String>, Vec<String>) {
        let typed = TypedNames::of_client(texts).unwrap();
        (typed.common_name, typed.names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn clients_have_the_name_that_was_typed() {
        let is = |texts: &[&str], common_name: &str, names: &[&str]| {
            assert_eq!(
                client(texts),
                (Some(common_name.into()), names.iter().map(|n| (*n).into()).collect())
            );
        };
        is(&["Alice Smith"], "Alice Smith", &[]);
        is(&["Dr. Zoë Müller-Smith"], "Dr. Zoë Müller-Smith", &[]);
        is(&["Zoë"], "Zoë", &[]);
        is(&["O'Brien"], "O'Brien", &[]);
        is(&["Alice"], "Alice", &["alice"]);
        is(&["Alice Smith", "alice@Mysite.test"], "Alice Smith", &["alice@mysite.test"]);
        is(&["Alice Smith <alice@mysite.test>"], "Alice Smith", &["alice@mysite.test"]);
        is(&["alice@mysite.test"], "alice@mysite.test", &["alice@mysite.test"]);
        is(&["Worker.mysite.test"], "Worker.mysite.test", &["worker.mysite.test"]);
        let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
        assert_eq!(client(&[&long]), (None, vec![long.clone()]));
        for bad in [
            "",
            "a..b",
            "alice@",
            "@",
            "a\u{7}b",
            "Alice <alice>",
            "<a@b.test>",
            "Alice/Smith",
            "Alice Smith\n1",
            &"Alice ".repeat(12),
        ] {
            assert!(TypedNames::of_client(&[bad]).is_err(), "{bad:?}");
        }
        assert!(TypedNames::of_client(&["Alice Smith", "Bob Smith"]).is_err());
    }

    #[test]
    fn labels_name_everything_once() {
        let label = |texts: &[&str]| TypedNames::of_client(texts).unwrap().label();
        assert_eq!(label(&["Alice", "alice@a.test"]), "Alice, alice@a.test");
        assert_eq!(TypedNames::of_server(&["a.test", "::1"]).unwrap().label(), "a.test, ::1");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}|[a-z:/.@<>*\\[\\]0-9 ]{0,40}") {
            let _ = TypedNames::of_server(&[&text]);
            let _ = TypedNames::of_client(&[&text]);
        }
    }
}
