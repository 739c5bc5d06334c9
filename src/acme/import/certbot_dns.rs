//! certbot's plugins for DNS providers: their credentials as certkit's. The fields of a plugin are those of its own
//! documentation; certkit's are those of `certkit acme dns-providers`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;
use zeroize::Zeroizing;

use super::foreign_file::{bytes, settings as owned};
use super::settings::ForeignSettings;
use super::{ForeignCredentials, SECTION};
use crate::acme::challenge::{ChallengeMethod, DnsProvider, DnsView};

/// What certkit waits for name servers at least, whatever certbot slept.
const SHORTEST_WAIT: u64 = 120;

/// The plugin's name without `dns-`, certkit's provider, and the fields there and here.
type Plugin = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PLUGINS: &[Plugin] = &[
    ("bunny", "bunny", &[("api_key", "api_key")]),
    ("cloudflare", "cloudflare", &[("api_token", "api_token")]),
    ("desec", "desec", &[("token", "token")]),
    ("digitalocean", "digitalocean", &[("token", "auth_token")]),
    ("dnsmadeeasy", "dnsmadeeasy", &[("api_key", "api_key"), ("secret_key", "api_secret")]),
    ("domeneshop", "domeneshop", &[("client_token", "api_token"), ("client_secret", "api_secret")]),
    ("duckdns", "duckdns", &[("token", "token")]),
    ("easydns", "easydns", &[("usertoken", "token"), ("userkey", "key")]),
    ("gandi", "gandiv5", &[("token", "personal_access_token")]),
    ("gcore", "gcore", &[("apitoken", "api_token")]),
    ("glesys", "glesys", &[("user", "api_user"), ("password", "api_key")]),
    ("godaddy", "godaddy", &[("key", "api_key"), ("secret", "api_secret")]),
    ("hetzner-cloud", "hetzner", &[("api_token", "api_token")]),
    ("infomaniak", "infomaniak", &[("token", "access_token")]),
    ("inwx", "inwx", &[("username", "username"), ("password", "password")]),
    ("linode", "linode", &[("key", "auth_token")]),
    ("luadns", "luadns", &[("email", "api_username"), ("token", "api_token")]),
    (
        "netcup",
        "netcup",
        &[("customer_id", "customer_number"), ("api_key", "api_key"), ("api_password", "api_password")],
    ),
    ("nsone", "ns1", &[("api_key", "api_key")]),
    (
        "ovh",
        "ovh",
        &[
            ("endpoint", "endpoint"),
            ("application_key", "application_key"),
            ("application_secret", "application_secret"),
            ("consumer_key", "consumer_key"),
        ],
    ),
    ("porkbun", "porkbun", &[("key", "api_key"), ("secret", "secret_api_key")]),
    ("powerdns", "pdns", &[("api_url", "endpoint"), ("api_key", "api_key")]),
    ("simply", "simplycom", &[("account_name", "account_name"), ("api_key", "api_key")]),
    ("tencentcloud", "tencentcloud", &[("secret_id", "secret_id"), ("secret_key", "secret_key")]),
    ("vultr", "vultr", &[("key", "api_key")]),
];

/// Settings that change what a plugin does, with what certkit lacks then.
const HINDRANCES: &[(&str, &str, &[&str], &str)] = &[
    ("inwx", "shared_secret", &["", "your_shared_secret optional"], "certkit makes no one-time passwords"),
    ("linode", "version", &["", "4"], "certkit uses version 4 of Linode's API only"),
];

/// What a plugin's credentials and settings are here.
type Converted = Result<(ChallengeMethod, Option<ForeignCredentials>), String>;

/// The plugin of an authenticator, without `dns-` and without the package that older plugins have before it.
pub(super) fn plugin(authenticator: &str) -> Option<&str> {
    last_part(authenticator).strip_prefix("dns-")
}

/// The provider of a plugin, and the credentials that it gets.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn challenge(renewal: &ForeignSettings, plugin: &str) -> Converted {
    let own = PluginSettings { plugin, settings: renewal, section: SECTION };
    let wait = own.get("propagation_seconds").and_then(|text| text.parse().ok());
    let wait = wait.filter(|seconds| *seconds > SHORTEST_WAIT);
    let file = own.get("credentials").map(PathBuf::from);
    let view = DnsView { resolver: None, wait_seconds: wait };
    match (plugin, file) {
        ("google", file) => google(file.as_deref(), own.get("project"), view),
        ("route53", _) => route53(view),
        (_, None) => Err(format!("certbot's plugin dns-{plugin} names no file of credentials")),
        ("rfc2136", Some(file)) => rfc2136(&file, wait),
        (_, Some(file)) => {
            let read = ForeignSettings::of_configobj(&owned(&file)?);
            convert(&PluginSettings { plugin, settings: &read, section: "" }, &file, view)
        }
    }
}

fn convert(own: &PluginSettings<'_>, file: &Path, view: DnsView) -> Converted {
    let plugin = own.plugin;
    for (_, field, harmless, reason) in HINDRANCES.iter().filter(|(name, ..)| *name == plugin) {
        if own.get(field).is_some_and(|value| !harmless.contains(&value)) {
            return Err(format!("{} has `{}`, and {reason}", file.display(), own.name(field)));
        }
    }
    let need = |field: &str| {
        let lacks =
            || format!("{} has no `{}`, the form that certkit knows", file.display(), own.name(field));
        own.get(field).map(str::to_owned).ok_or_else(lacks)
    };
    match plugin {
        "ionos" => {
            let key = Zeroizing::new(format!("{}.{}", need("prefix")?, need("secret")?));
            Ok(provider("ionos", &[("api_key", &key)], view))
        }
        "transip" => {
            let key_file = PathBuf::from(need("key_file")?);
            let key = Zeroizing::new(String::from_utf8_lossy(&bytes(&key_file)?).into_owned());
            Ok(provider("transip", &[("login", &need("username")?), ("private_key_pem", &key)], view))
        }
        _ => {
            let known = PLUGINS.iter().find(|(name, ..)| *name == plugin);
            let (_, name, fields) = known
                .ok_or_else(|| format!("certbot's authenticator `dns-{plugin}` has no counterpart here"))?;
            let values = fields
                .iter()
                .map(|(theirs, ours)| Ok((*ours, need(theirs)?)))
                .collect::<Result<Vec<_>, String>>()?;
            let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Ok(provider(name, &values, view))
        }
    }
}

/// Google's credentials are a file of its own form; certbot takes the project's name from it.
fn google(file: Option<&Path>, project: Option<&str>, view: DnsView) -> Converted {
    #[derive(Deserialize)]
    struct ServiceAccount {
        project_id: Option<String>,
    }
    let file = file.ok_or("certbot's plugin dns-google asks the machine that it runs on for credentials")?;
    let text = owned(file)?;
    let account: ServiceAccount = serde_json::from_str(&text)
        .map_err(|_| format!("{} is not the JSON of a service account", file.display()))?;
    let project = project.map(str::to_owned).or(account.project_id);
    let project = project.ok_or_else(|| format!("{} names no project", file.display()))?;
    Ok(provider("googlecloud", &[("service_account_json", &text), ("project_id", &project)], view))
}

/// certbot's plugin for Route 53 takes what every program for AWS takes.
fn route53(view: DnsView) -> Converted {
    let file = std::env::var_os("AWS_SHARED_CREDENTIALS_FILE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".aws/credentials")))
        .filter(|file| file.exists());
    let file = file.ok_or(
        "certbot's plugin dns-route53 takes its credentials from the environment or the machine, which certkit does \
         not",
    )?;
    let read = ForeignSettings::of_configobj(&owned(&file)?);
    let get = |name| read.of("default", name);
    match (get("aws_access_key_id"), get("aws_secret_access_key"), get("aws_session_token")) {
        (Some(id), Some(secret), None) => {
            Ok(provider("route53", &[("access_key_id", id), ("secret_access_key", secret)], view))
        }
        _ => Err(format!("{} has no lasting key for AWS in its section [default]", file.display())),
    }
}

/// Dynamic updates: certbot's file in certkit's form.
fn rfc2136(file: &Path, wait: Option<u64>) -> Converted {
    let read = ForeignSettings::of_configobj(&owned(file)?);
    let own = PluginSettings { plugin: "rfc2136", settings: &read, section: "" };
    let need = |field: &str| {
        own.get(field).ok_or_else(|| format!("{} has no `{}`", file.display(), own.name(field)))
    };
    // certbot's default (dns_rfc2136.py).
    let algorithm = own.get("algorithm").unwrap_or("HMAC-MD5").to_ascii_lowercase();
    if !["hmac-sha256", "hmac-sha384", "hmac-sha512"].contains(&algorithm.as_str()) {
        return Err(format!(
            "{} has dns-rfc2136 sign with {algorithm}, which is too weak; certkit takes hmac-sha256, hmac-sha384 and \
             hmac-sha512",
            file.display()
        ));
    }
    let (server, port) = (need("server")?, own.get("port").unwrap_or("53"));
    let server = if server.contains(':') { format!("[{server}]:{port}") } else { format!("{server}:{port}") };
    // A secret may be written in parts.
    let secret = Zeroizing::new(need("secret")?.replace(char::is_whitespace, ""));
    let fields = [
        ("server", server.as_str()),
        ("key_name", need("name")?),
        ("secret", &secret),
        ("algorithm", &algorithm),
    ];
    let mut text = lines(&fields);
    if let Some(seconds) = wait {
        let _ = writeln!(text, "wait_seconds = {seconds}");
    }
    let credentials = ForeignCredentials { stem: "rfc2136".to_owned(), text };
    Ok((ChallengeMethod::Rfc2136(PathBuf::new()), Some(credentials)))
}

/// The challenge by a provider, whose credentials are still to be written.
fn provider(
    name: &str,
    fields: &[(&str, &str)],
    view: DnsView,
) -> (ChallengeMethod, Option<ForeignCredentials>) {
    let credentials = ForeignCredentials { stem: name.to_owned(), text: lines(fields) };
    let provider = DnsProvider { provider: name.to_owned(), credentials: PathBuf::new(), view };
    (ChallengeMethod::Dns(provider), Some(credentials))
}

/// A file of credentials.
fn lines(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in fields {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name} = {}", Value::String((*value).to_owned()));
    }
    text
}

/// The settings of one plugin: `dns_PLUGIN_NAME`, in older plugins with the name of a package before it.
struct PluginSettings<'a> {
    plugin: &'a str,
    settings: &'a ForeignSettings,
    section: &'a str,
}

impl PluginSettings<'_> {
    fn name(&self, field: &str) -> String {
        format!("dns_{}_{field}", self.plugin.replace('-', "_"))
    }

    fn get(&self, field: &str) -> Option<&str> {
        let wanted = self.name(field);
        let mut values = self.settings.section(self.section).filter(|(name, _)| last_part(name) == wanted);
        values.next_back().map(|(_, value)| value).filter(|value| !value.is_empty() && *value != "None")
    }
}

/// Without the package before a colon.
fn last_part(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn converted(plugin: &str, credentials: &str, more: &str) -> Converted {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("credentials.ini");
        fs::write(&file, credentials).unwrap();
        let name = plugin.replace('-', "_");
        let renewal = format!("[renewalparams]\ndns_{name}_credentials = {}\n{more}\n", file.display());
        challenge(&ForeignSettings::of_configobj(&renewal), plugin)
    }

    #[test]
    fn plugins_are_known_by_their_authenticator() {
        assert_eq!(plugin("dns-cloudflare"), Some("cloudflare"));
        assert_eq!(plugin("certbot-dns-ionos:dns-ionos"), Some("ionos"));
        assert_eq!(plugin("standalone"), None);
        assert!(PLUGINS.is_sorted_by_key(|(name, ..)| *name));
    }

    #[test]
    fn credentials_get_our_names() {
        let (method, credentials) = converted(
            "cloudflare",
            "# secret\ndns_cloudflare_api_token = \"to\\ken\" # mine\n",
            "dns_cloudflare_propagation_seconds = 300",
        )
        .unwrap();
        let ChallengeMethod::Dns(DnsProvider { provider, view, .. }) = method else { panic!("{method:?}") };
        assert_eq!((provider.as_str(), view.wait_seconds), ("cloudflare", Some(300)));
        assert_eq!(credentials.unwrap().text.as_str(), "api_token = 'to\\ken'\n");

        let (_, credentials) = converted(
            "ionos",
            "certbot_dns_ionos:dns_ionos_prefix = a\ncertbot_dns_ionos:dns_ionos_secret = b\n",
            "",
        )
        .unwrap();
        assert_eq!(credentials.unwrap().text.as_str(), "api_key = \"a.b\"\n");

        let (method, credentials) = converted(
            "rfc2136",
            "dns_rfc2136_server = ::1\ndns_rfc2136_port = 5353\ndns_rfc2136_name = k.\ndns_rfc2136_secret = YQ ==\n\
             dns_rfc2136_algorithm = HMAC-SHA512\n",
            "dns_rfc2136_propagation_seconds = 10",
        )
        .unwrap();
        assert_eq!(method, ChallengeMethod::Rfc2136(PathBuf::new()));
        let text =
            "server = \"[::1]:5353\"\nkey_name = \"k.\"\nsecret = \"YQ==\"\nalgorithm = \"hmac-sha512\"\n";
        assert_eq!(credentials.unwrap().text.as_str(), text);
    }

    #[test]
    fn what_cannot_be_converted_is_said() {
        for (plugin, credentials, why) in [
            (
                "cloudflare",
                "dns_cloudflare_email = me@a.test\ndns_cloudflare_api_key = k\n",
                "no `dns_cloudflare_api_token`",
            ),
            ("sakuracloud", "dns_sakuracloud_api_token = t\n", "`dns-sakuracloud` has no counterpart"),
            ("linode", "dns_linode_key = k\ndns_linode_version = 3\n", "version 4"),
            (
                "inwx",
                "dns_inwx_username = u\ndns_inwx_password = p\ndns_inwx_shared_secret = s\n",
                "one-time",
            ),
            ("rfc2136", "dns_rfc2136_server = 192.0.2.1\n", "hmac-md5"),
            ("google", "not json", "service account"),
        ] {
            let reason = converted(plugin, credentials, "").unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
        let nothing = challenge(&ForeignSettings::default(), "cloudflare");
        assert!(nothing.unwrap_err().contains("names no file"));
    }

    #[cfg(feature = "dns-providers")]
    #[test]
    fn every_field_is_one_of_ours() {
        for (plugin, name, fields) in PLUGINS {
            let known = crate::acme::challenge::dns_provider(name)
                .unwrap_or_else(|error| panic!("{plugin}: {error}"));
            let ours: Vec<_> = fields.iter().map(|(_, ours)| *ours).collect();
            for field in known.fields.iter().filter(|field| field.is_required) {
                assert!(ours.contains(&field.name), "{plugin} lacks {}", field.name);
            }
            for field in ours {
                assert!(known.fields.iter().any(|known| known.name == field), "{plugin}: {field}");
            }
        }
    }
}
