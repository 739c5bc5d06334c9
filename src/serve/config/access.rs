//! What a request must pass before its route.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, StatusCode, Uri};

use crate::serve::address::{AddressError, ListenAddress};
use crate::serve::mount::MountPoint;
use crate::serve::rules::IpNetwork;

/// Who may ask a site for what, and what clients get where that is not a route.
#[derive(Clone, Debug, Default)]
pub struct AccessConfig {
    /// The first one that covers the path and the client decides; without one the request is allowed.
    pub rules: Vec<AccessRule>,
    /// How often each client may ask. Of these and the next ones, the one with the longest path counts, and of several
    /// for one path the last one.
    pub rate_limits: Vec<RateLimitConfig>,
    /// Where clients need a password.
    pub basic_auth: Vec<BasicAuthConfig>,
    /// Where another server is asked whether a request may pass.
    pub forward_auth: Vec<ForwardAuthConfig>,
    /// Fields of its responses that requests get; clients cannot send them.
    pub forward_auth_fields: Vec<HeaderName>,
    /// Paths that have moved.
    pub redirects: Vec<RedirectConfig>,
    /// Pages for the server's own errors.
    pub error_pages: Vec<ErrorPageConfig>,
    /// Whether responses get the fields that protect browsers.
    pub secure_headers: bool,
}

/// A server that says who may ask for a path and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAuthConfig {
    /// No slash at its end; empty for all paths.
    pub prefix: String,
    pub server: ListenAddress,
    /// Path and query of the request that asks.
    pub target: String,
}

/// A path that has moved, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectConfig {
    /// No slash at its end; empty for all paths.
    pub prefix: String,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it is: a URL by http or https, or a path of the same site; encoded, without a query.
    pub to: String,
}

/// A page for the server's own errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPageConfig {
    /// From 400 to 599.
    pub statuses: Vec<StatusCode>,
    pub file: PathBuf,
}

impl AccessConfig {
    /// Every file that a reload reads again.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let users = self.basic_auth.iter().map(|users| users.file.as_path());
        users.chain(self.error_pages.iter().map(|page| page.file.as_path()))
    }
}

/// How often each client may ask for a path and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitConfig {
    /// No slash at its end; empty for all paths.
    pub prefix: String,
    /// Requests in each period...
    pub requests: NonZeroU32,
    pub period: Duration,
    /// ...and of a client that has not asked for a while, so many at once.
    pub burst: NonZeroU32,
}

/// The users of a path and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuthConfig {
    /// No slash at its end; empty for all paths.
    pub prefix: String,
    /// In the format of Apache's `htpasswd`.
    pub file: PathBuf,
}

/// Clients that may ask for a path and everything below it, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule {
    /// No slash at its end; empty for all paths.
    pub prefix: String,
    /// Where the clients are; `None` for all.
    pub network: Option<IpNetwork>,
    pub is_allowed: bool,
}

impl AccessRule {
    /// `/PATH=NETWORK` or `/PATH=all`.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(text: &str, is_allowed: bool) -> Result<Self, String> {
        let (prefix, network) = path_and_value(text, "/PATH=NETWORK, for example /admin=10.0.0.0/8")?;
        let network = match network {
            "all" => None,
            network => Some(network.parse().map_err(|reason| format!("{reason}, or `all`"))?),
        };
        Ok(Self { prefix, network, is_allowed })
    }
}

impl FromStr for AccessRule {
    type Err = String;

    /// `allow /PATH=NETWORK` or `deny /PATH=NETWORK`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            Some(("allow", rest)) => Self::parse(rest.trim_start(), true),
            Some(("deny", rest)) => Self::parse(rest.trim_start(), false),
            _ => Err("expected `allow /PATH=NETWORK` or `deny /PATH=NETWORK`".to_owned()),
        }
    }
}

/// A larger one limits nothing, and its products with times would not fit.
const LARGEST_RATE: u32 = 1_000_000;

impl FromStr for RateLimitConfig {
    type Err = String;

    /// `/PATH=NUMBER/s` or `/PATH=NUMBER/m`, perhaps with `,burst=NUMBER` behind it.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = "/PATH=NUMBER/s or /PATH=NUMBER/m, for example /login=10/m or /=50/s,burst=200";
        let wrong = || format!("expected {shape}");
        let number = |text: &str| {
            let number = text.parse::<NonZeroU32>().map_err(|_| wrong())?;
            if number.get() > LARGEST_RATE {
                return Err(format!("the largest rate is {LARGEST_RATE}"));
            }
            Ok(number)
        };
        let (prefix, rate) = path_and_value(text, shape)?;
        let (rate, burst) = match rate.split_once(',') {
            Some((rate, burst)) => (rate, Some(burst.trim().strip_prefix("burst=").ok_or_else(wrong)?)),
            None => (rate, None),
        };
        let (requests, unit) = rate.split_once('/').ok_or_else(wrong)?;
        let period = match unit {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(wrong()),
        };
        let requests = number(requests)?;
        let burst = burst.map(number).transpose()?.unwrap_or(requests);
        Ok(Self { prefix, requests, period, burst })
    }
}

impl FromStr for BasicAuthConfig {
    type Err = String;

    /// `/PATH=FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (prefix, file) = path_and_value(text, "/PATH=FILE, for example /admin=users.htpasswd")?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.into());
        Ok(Self { prefix, file })
    }
}

impl FromStr for ForwardAuthConfig {
    type Err = String;

    /// `/PATH=URL`; the URL of a unix socket is `http+unix:SOCKET[:/PATH]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = "/PATH=URL, for example /admin=http://127.0.0.1:9000/verify or /=http+unix:/run/auth.sock:/verify";
        let (prefix, url) = path_and_value(text, shape)?;
        let wrong = || format!("expected {shape}");
        let (scheme, rest) = url.split_once(':').ok_or_else(wrong)?;
        let (address, target) = match (scheme, rest.strip_prefix("//")) {
            ("http+unix", _) => rest.split_once(":/").unwrap_or((rest, "")),
            ("http" | "https", Some(rest)) => rest.split_once('/').unwrap_or((rest, "")),
            _ => return Err(wrong()),
        };
        let server: ListenAddress =
            format!("{scheme}:{address}").parse().map_err(|error: AddressError| error.to_string())?;
        let target = format!("/{target}");
        let is_host = !address.is_empty() && !address.contains(['?', '#', '@']);
        if !is_host || target.contains('#') || target.parse::<Uri>().is_err() {
            return Err(wrong());
        }
        Ok(Self { prefix, server, target })
    }
}

impl FromStr for RedirectConfig {
    type Err = String;

    /// `/PATH=URL` or `/PATH=STATUS URL`.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = "/PATH=URL, for example /old=/new or /old=https://www.example.org/new";
        let (prefix, value) = path_and_value(text, shape)?;
        let (status, to) = match value.split_once(' ') {
            Some((status, to)) => (status, to.trim_start()),
            None => ("308", value),
        };
        let Ok(status @ (301 | 302 | 303 | 307 | 308)) = status.parse() else {
            return Err("expected one of the statuses 301, 302, 303, 307 and 308 before a URL".to_owned());
        };
        if to.contains(['?', '#']) {
            return Err(
                "the rest of the path comes behind the URL, so that it has no query and no fragment; see \
                        --rule for redirects of other kinds"
                    .to_owned(),
            );
        }
        // Browsers read `\` as `/`, and `//host` names another host.
        let is_encoded = to.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte));
        let is_path = to.starts_with('/') && !to.starts_with("//");
        let is_url = |uri: &Uri| {
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            is_http && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        };
        if is_encoded && (is_path || to.parse().as_ref().is_ok_and(is_url)) {
            Ok(Self { prefix, status, to: to.to_owned() })
        } else {
            Err(format!("expected {shape}"))
        }
    }
}

impl FromStr for ErrorPageConfig {
    type Err = String;

    /// `STATUS[,STATUS]...=FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected STATUS=FILE, for example 502=sorry.html or 404,410=gone.html, with statuses from 400 to 599";
        let (statuses, file) = text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or(wrong)?;
        let status = |status: &str| {
            let status: StatusCode = status.trim().parse().map_err(|_| wrong)?;
            let is_error = status.is_client_error() || status.is_server_error();
            if is_error { Ok(status) } else { Err(wrong) }
        };
        let statuses = statuses.split(',').map(status).collect::<Result<_, _>>()?;
        Ok(Self { statuses, file: std::path::absolute(file).unwrap_or_else(|_| file.into()) })
    }
}

/// `/PATH=VALUE`: the path without a slash at its end, and what is behind the first `=`.
fn path_and_value<'t>(text: &'t str, shape: &str) -> Result<(String, &'t str), String> {
    let wrong = || format!("expected {shape}");
    let (path, value) = text.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or_else(wrong)?;
    match path.parse() {
        Ok(MountPoint::Path(prefix)) => Ok((prefix, value)),
        Ok(MountPoint::AppId(_)) => Err(wrong()),
        Err(reason) => Err(format!("{reason}; expected {shape}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_for_addresses() {
        let rule = |text: &str| text.parse::<AccessRule>();
        let allow = rule("allow /admin/=10.0.0.0/8").unwrap();
        assert_eq!((allow.prefix.as_str(), allow.is_allowed), ("/admin", true));
        assert!(allow.network.is_some_and(|network| network.contains([10, 1, 2, 3].into())));
        let deny = rule("deny  /=all").unwrap();
        assert_eq!(deny, AccessRule { prefix: String::new(), network: None, is_allowed: false });
        for (wrong, why) in [
            ("/admin=all", "`allow /PATH=NETWORK`"),
            ("permit /admin=all", "`deny /PATH=NETWORK`"),
            ("allow /admin", "/PATH=NETWORK"),
            ("allow /admin=", "/PATH=NETWORK"),
            ("allow admin=all", "begins with `/`"),
            ("allow id:a=all", "/PATH=NETWORK"),
            ("allow /%61dmin=all", "percent-encoding"),
            ("allow /a/../b=all", "never asked for"),
            ("allow /a=10.0.0.0/33", "10.0.0.0/8, or `all`"),
            ("allow /a=localhost", "or `all`"),
        ] {
            let error = rule(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }

    #[test]
    fn rates() {
        let limit = |text: &str| text.parse::<RateLimitConfig>();
        let values = |text| {
            let limit = limit(text).unwrap();
            (limit.requests.get(), limit.period.as_secs(), limit.burst.get())
        };
        assert_eq!(values("/=10/s"), (10, 1, 10));
        assert_eq!(values("/login=5/m,burst=2"), (5, 60, 2));
        assert_eq!(values("/a=1/s, burst=20"), (1, 1, 20));
        for wrong in
            ["/=", "/=10", "/=0/s", "/=10/h", "/=10/s,20", "/=10/s,burst=0", "/=-1/s", "a=1/s", "/=2000000/s"]
        {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
        let users: BasicAuthConfig = "/admin/=/etc/a=b".parse().unwrap();
        assert_eq!(users, BasicAuthConfig { prefix: "/admin".into(), file: "/etc/a=b".into() });
        assert!("/admin=".parse::<BasicAuthConfig>().is_err());
    }

    #[test]
    fn servers_that_are_asked() {
        let asked = |text: &str| {
            text.parse::<ForwardAuthConfig>()
                .map(|auth| format!("{} {} {}", auth.prefix, auth.server, auth.target))
        };
        for (text, expected) in [
            ("/a=http://127.0.0.1:9000/verify?x=1", "/a http://127.0.0.1:9000 /verify?x=1"),
            ("/a=https://auth.example", "/a https://auth.example:443 /"),
            ("/=http://[::1]:9000", " http://[::1]:9000 /"),
            ("/=http+unix:/run/a.sock", " http+unix:/run/a.sock /"),
            ("/=http+unix:/run/a.sock:/verify/", " http+unix:/run/a.sock /verify/"),
        ] {
            assert_eq!(asked(text).as_deref(), Ok(expected), "{text}");
        }
        for wrong in [
            "/a=",
            "/a=auth",
            "/a=uwsgi://a:1/",
            "/a=https+fd:3",
            "/a=http://u@a:1/",
            "/a=http://a:1/#b",
            "/a=http://",
            "a=http://a:1/",
            "/a=http://a:1/ b",
            "/a=127.0.0.1:9000",
            "/a=fcgi+unix:/x",
        ] {
            assert!(asked(wrong).is_err(), "{wrong}: {:?}", asked(wrong));
        }
    }

    #[test]
    fn redirects_and_pages() {
        let to = |text: &str| text.parse::<RedirectConfig>().map(|redirect| (redirect.status, redirect.to));
        assert_eq!(to("/old=/new"), Ok((308, "/new".to_owned())));
        assert_eq!(to("/old=302 https://a.example"), Ok((302, "https://a.example".to_owned())));
        for wrong in [
            "/old=",
            "/old=new",
            "/old=//a.example/",
            "/old=/\\a.example",
            "/old=ftp://a.example/",
            "/old=javascript:alert(1)",
            "/old=https://user@a.example/",
            "/old=https://",
            "/old=/a b",
            "/old=/\u{e4}",
            "/old=/a?b",
            "/old=/a#b",
            "/old=200 /a",
            "/old=304 /a",
            "old=/a",
        ] {
            assert!(to(wrong).is_err(), "{wrong}");
        }
        let page = |text: &str| text.parse::<ErrorPageConfig>();
        assert_eq!(page("404,410=/a=b").unwrap().statuses, [StatusCode::NOT_FOUND, StatusCode::GONE]);
        assert_eq!(page("502=/a=b").unwrap().file, Path::new("/a=b"));
        for wrong in ["404=", "404", "=a", "200=a", "600=a", "4xx=a", "404,=a"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_redirect_leaves_its_host_by_accident(text in "/a=(30[0-9] )?[a-z/:.@\\\\]{0,12}") {
            if let Ok(redirect) = text.parse::<RedirectConfig>() {
                let is_path = redirect.to.starts_with('/');
                prop_assert!(is_path || redirect.to.starts_with("http"), "{:?}", redirect);
                prop_assert!(!redirect.to.starts_with("//") && !redirect.to.contains('\\'), "{:?}", redirect);
            }
        }

        #[test]
        fn a_rule_covers_a_path_that_can_be_asked_for(text in "(allow|deny) ?/[a-b/.%=]{0,6}=?(all|::1|1.2.3.4/8)?") {
            if let Ok(rule) = text.parse::<AccessRule>() {
                let mut segments = rule.prefix.split('/');
                prop_assert_eq!(segments.next(), Some(""), "{:?}", rule);
                prop_assert!(segments.all(|segment| !["", ".", ".."].contains(&segment) && !segment.contains('%')));
            }
        }
    }
}
