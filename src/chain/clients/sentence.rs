//! Who refuses a defect, as a part of a sentence.

use super::client::{Client, Clients};
use super::row::{Defect, Row};

impl Defect {
    /// `Go and rustls refuse it`; `None` where no client does.
    pub(in crate::chain) fn sentence(self) -> Option<String> {
        self.row().sentence()
    }
}

impl Row {
    pub(in crate::chain) fn sentence(&self) -> Option<String> {
        if self.refused_by.has_all(Clients::ASKED) {
            return Some("every client refuses it".to_owned());
        }
        let documented = self.documents.iter().map(|document| document.client);
        let refused_by = documented.fold(self.refused_by, |all, client| all.and(&[client]));
        let mut names = names(refused_by);
        let last = names.pop()?;
        if names.is_empty() {
            let verb = if last.ends_with("systems") { "refuse" } else { "refuses" };
            return Some(format!("{last} {verb} it"));
        }
        Some(format!("{} and {last} refuse it", names.join(", ")))
    }
}

/// What they are called where several are named at once.
fn names(clients: Clients) -> Vec<&'static str> {
    let has = |client| clients.has(client);
    let mut names = Vec::new();
    match (has(Client::OpenSsl), has(Client::OpenSslStrict)) {
        (true, _) => names.push("openssl"),
        (false, true) => names.push("openssl -x509_strict"),
        (false, false) => {}
    }
    match (has(Client::Python312), has(Client::Python313)) {
        (true, true) => names.push("Python"),
        (true, false) => names.push("Python 3.12"),
        (false, true) => names.push("Python 3.13"),
        (false, false) => {}
    }
    let rest = [
        (Client::Curl, "curl"),
        (Client::Gnutls, "GnuTLS"),
        (Client::Go, "Go"),
        (Client::Rustls, "rustls"),
        (Client::Pyca, "Python's cryptography"),
        (Client::Java, "Java"),
        (Client::Chromium, "Chromium"),
        (Client::Android, "Android"),
        (Client::Apple, "Apple's systems"),
        (Client::Windows, "Windows"),
    ];
    names.extend(rest.into_iter().filter(|(client, _)| has(*client)).map(|(_, name)| name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_exactly_those_that_refuse() {
        let sentence = |defect: Defect| defect.sentence().unwrap();
        assert_eq!(sentence(Defect::Expired), "every client refuses it");
        assert_eq!(
            sentence(Defect::CaWithoutKeyUsage),
            "openssl -x509_strict, Python 3.13 and Python's cryptography refuse it"
        );
        assert_eq!(sentence(Defect::AuthoritySerial), "openssl, Python and curl refuse it");
        assert_eq!(sentence(Defect::SubjectUniqueId), "rustls refuses it");
        assert_eq!(Defect::SerialZero.sentence(), None);
        assert_eq!(sentence(Defect::Valid826Days), "Apple's systems refuse it");
    }
}
