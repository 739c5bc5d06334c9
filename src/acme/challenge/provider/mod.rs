//! dns-01 by the API of the provider that hosts the zone.
//!
//! One table says what there is: it drives the list that users see, the reading of their credentials, and the
//! constructors. The state keeps the path of the credentials, never what is in them.

#[cfg(feature = "dns-providers")]
mod rows;
#[cfg(feature = "dns-providers")]
mod solver;
mod table;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(feature = "dns-providers")]
use self::rows::PROVIDERS;
#[cfg(feature = "dns-providers")]
pub(super) use self::solver::ProviderSolver;
pub use self::table::Provider;
use super::credentials::Credentials;
use super::dns_view::DnsView;
use super::{Error, Solver};
use crate::finding::{did_you_mean, similar};

#[cfg(not(feature = "dns-providers"))]
const PROVIDERS: &[Provider] = &[];

/// Fields that the file may hold for every provider.
const FOR_ALL: [&str; 2] = ["ttl", "zone"];
/// Other words for some of them: those of other clients.
const ALSO_CALLED: [(&str, &str); 8] = [
    ("aws", "route53"),
    ("azure", "azuredns"),
    ("bluecat", "bluecatv2"),
    ("gandi", "gandiv5"),
    ("gcloud", "googlecloud"),
    ("google", "googlecloud"),
    ("he", "hurricane"),
    ("powerdns", "pdns"),
];

/// A provider, as options say it and `renew.json` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsProvider {
    /// The provider's name in the table.
    pub provider: String,
    /// The file of its secrets.
    pub credentials: PathBuf,
    /// Who is asked for zones, and whether records are visible.
    #[serde(flatten)]
    pub view: DnsView,
}

/// All providers, by their names.
pub fn dns_providers() -> &'static [Provider] {
    PROVIDERS
}

/// The provider of this name.
///
/// # Errors
/// [`Error::UnknownProvider`] with the name that was meant, if one is similar.
pub fn dns_provider(name: &str) -> Result<&'static Provider, Error> {
    let known = PROVIDERS.iter().find(|provider| provider.name == name);
    known.ok_or_else(|| {
        let other = ALSO_CALLED.iter().find(|(other, _)| *other == name).map(|(_, name)| *name);
        let similar = other.or_else(|| similar(name, PROVIDERS.iter().map(|provider| provider.name)));
        Error::UnknownProvider { name: name.to_owned(), similar, is_built_in: !PROVIDERS.is_empty() }
    })
}

impl DnsProvider {
    /// Reads the credentials, which must fit, and sets up the client; nobody is asked.
    ///
    /// # Errors
    /// [`Error::UnknownProvider`], [`Error::Credentials`].
    pub(super) fn prepare(&self) -> Result<std::sync::Arc<dyn Solver>, Error> {
        self.prepare_with(Credentials::read(&self.credentials)?)
    }

    /// Looks whether a text would be a file of credentials for it.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub(super) fn check_settings(&self, text: &str) -> Result<(), Error> {
        let folder = self.credentials.parent().unwrap_or_else(|| Path::new(""));
        let credentials = Credentials::parse(text, folder)
            .map_err(|(_, reason)| Error::Credentials { path: self.credentials.clone(), reason })?;
        self.prepare_with(credentials).map(|_| ())
    }

    fn prepare_with(&self, credentials: Credentials) -> Result<std::sync::Arc<dyn Solver>, Error> {
        let provider = dns_provider(&self.provider)?;
        check(provider, &credentials)
            .map_err(|reason| Error::Credentials { path: self.credentials.clone(), reason })?;
        self.solver(provider, credentials)
    }

    #[cfg(feature = "dns-providers")]
    fn solver(
        &self,
        provider: &'static Provider,
        credentials: Credentials,
    ) -> Result<std::sync::Arc<dyn Solver>, Error> {
        let solver = ProviderSolver::new(provider, credentials, &self.credentials, self.view.clone())
            .map_err(|reason| Error::Credentials { path: self.credentials.clone(), reason })?;
        Ok(std::sync::Arc::new(solver))
    }

    #[cfg(not(feature = "dns-providers"))]
    fn solver(
        &self,
        provider: &'static Provider,
        _credentials: Credentials,
    ) -> Result<std::sync::Arc<dyn Solver>, Error> {
        dns_provider(provider.name).and(Err(Error::UnknownProvider {
            name: self.provider.clone(),
            similar: None,
            is_built_in: false,
        }))
    }
}

/// Looks whether the file holds what the provider needs and nothing else.
fn check(provider: &Provider, credentials: &Credentials) -> Result<(), String> {
    let Provider { name: called, fields, .. } = provider;
    let known = || fields.iter().map(|field| field.name).chain(FOR_ALL);
    for name in credentials.names() {
        if !known().any(|known| known == name) {
            let similar = similar(name, known());
            return Err(format!("`{name}` is not a field of {called}{}", did_you_mean(similar)));
        }
    }
    for field in *fields {
        match credentials.get(field.name) {
            None | Some("") if field.is_required => {
                return Err(format!("it lacks `{}`, which {called} requires", field.name));
            }
            // What no header can hold is left out of the request without a word. Keys are of many lines.
            Some(value) if !value.starts_with(['-', '{']) && value.contains(char::is_control) => {
                return Err(format!("`{}` contains a line break or another control character", field.name));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(feature = "dns-providers")]
mod tests {
    use super::*;

    fn checked(provider: &str, text: &str) -> Result<(), String> {
        let credentials = Credentials::parse(text, Path::new("")).unwrap();
        check(dns_provider(provider).unwrap(), &credentials)
    }

    #[test]
    fn the_table_is_in_order_and_holds_no_name_twice() {
        let names: Vec<_> = dns_providers().iter().map(|provider| provider.name).collect();
        assert!(names.is_sorted() && names.len() > 60, "{names:?}");
        for provider in dns_providers() {
            assert!(provider.documentation.starts_with("https://"), "{}", provider.name);
            let mut fields: Vec<_> = provider.fields.iter().map(|field| field.name).chain(FOR_ALL).collect();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), provider.fields.len() + FOR_ALL.len(), "{}", provider.name);
            assert!(provider.fields.iter().all(|field| !field.name.ends_with("_file")));
        }
    }

    /// docs/dns-providers.md; `make settings` writes the table in it.
    #[test]
    fn the_page_is_current() {
        const MARKER: &str = "<!-- from the table; `make settings` -->\n\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dns-providers.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (by_hand, _) = text.split_once(MARKER).expect("a marker in docs/dns-providers.md");
        let mut page =
            format!("{by_hand}{MARKER}| PROVIDER | who | required | optional |\n|---|---|---|---|\n");
        for provider in dns_providers() {
            let names = |is_required| {
                let fields = provider.fields.iter().filter(|field| field.is_required == is_required);
                fields.map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ")
            };
            let Provider { name, title, documentation, .. } = provider;
            page +=
                &format!("| `{name}` | [{title}]({documentation}) | {} | {} |\n", names(true), names(false));
        }
        if std::env::var_os("CERTKIT_UPDATE").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "run `make settings`");
    }

    #[test]
    fn what_was_meant_is_asked() {
        for (typed, meant) in
            [("cloudfare", Some("cloudflare")), ("azure", Some("azuredns")), ("something", None), ("x", None)]
        {
            let Err(Error::UnknownProvider { similar, .. }) = dns_provider(typed) else { panic!("{typed}") };
            assert_eq!(similar, meant, "{typed}");
        }
    }

    #[test]
    fn files_that_do_not_fit_are_refused() {
        assert_eq!(checked("cloudflare", "api_token = \"x\"\nttl = 60\nzone = \"a.test\""), Ok(()));
        assert_eq!(checked("transip", "login = \"x\"\nprivate_key_pem = \"-----BEGIN\\nx\""), Ok(()));
        for (provider, text, why) in [
            ("cloudflare", "", "it lacks `api_token`, which cloudflare requires"),
            ("cloudflare", "api_token = \"\"", "it lacks `api_token`"),
            ("cloudflare", "api_tokn = \"x\"", "did you mean `api_token`?"),
            ("cloudflare", "api_token = \"x\"\nemail = \"y\"", "`email` is not a field of cloudflare"),
            ("cloudflare", "api_token = \"x\\ny\"", "line break"),
        ] {
            let reason = checked(provider, text).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn every_provider_can_be_made() {
        for provider in dns_providers() {
            let mut text = String::new();
            for field in provider.fields.iter().filter(|field| field.is_required) {
                let value = match field.name {
                    "base_url" | "server_url" => "https://dns.test",
                    "endpoint" => "ovh-eu",
                    "region" => "eu-frankfurt-1",
                    // Each is read when it is made.
                    "private_key_pem" | "service_account_json" | "iam_token_b64" => "",
                    _ => "x",
                };
                text += &format!("{} = {value:?}\n", field.name);
            }
            match provider.name {
                "cloudns" => text += "auth_id = \"x\"\n",
                "joker" => text += "api_key = \"x\"\n",
                _ => {}
            }
            let credentials = Credentials::parse(&text, Path::new("")).unwrap();
            let made = ProviderSolver::new(provider, credentials, Path::new(""), DnsView::default());
            let has_key = text.contains("= \"\"");
            assert!(made.is_ok() || has_key, "{}: {made:?}", provider.name);
        }
    }
}
