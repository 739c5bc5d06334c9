//! The words that name sockets.

use std::net::Ipv6Addr;
use std::path::Path;

use crate::config::option_value::leading_digits;
use crate::config::option_word::{Converted, OptionFacts};
use crate::serve::address::ListenAddress;

/// `socket`: speaks what `protocol` says.
pub(super) fn socket(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let scheme = match facts.protocol.as_str() {
        "" | "uwsgi" => "uwsgi",
        "http" | "http11" => "http",
        "https" => return https(value, facts),
        "suwsgi" => return suwsgi(value, facts),
        "fastcgi" => "fcgi",
        "scgi" => "scgi",
        other => {
            return Err(format!(
                "`protocol = {other}` is not one of uwsgi, http, https, fastcgi, scgi, suwsgi"
            ));
        }
    };
    listen(scheme, value, facts)
}

pub(super) fn uwsgi(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    listen("uwsgi", value, facts)
}

pub(super) fn http(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    listen("http", value, facts)
}

pub(super) fn fastcgi(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    listen("fcgi", value, facts)
}

pub(super) fn scgi(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    listen("scgi", value, facts)
}

pub(super) fn https(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    with_certificate("https", value, facts)
}

pub(super) fn suwsgi(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    with_certificate("suwsgi", value, facts)
}

/// `addr=ADDRESS,cert=CHAIN,key=KEY,ciphers=...,clientca=...`
pub(super) fn https2(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let part = |name: &str| {
        let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let (address, chain, key) = (part("addr"), part("cert"), part("key"));
    let client_ca = part("clientca");
    https(&format!("{address},{chain},{key},{},{client_ca}", part("ciphers")), facts)
}

/// `ADDRESS,CHAIN,KEY[,CIPHERS[,[!]CA]]`
fn with_certificate(scheme: &str, value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let mut parts = value.split(',').map(str::trim);
    let mut converted = listen(scheme, parts.next().unwrap_or_default(), facts)?;
    for setting in ["cert", "key"] {
        if let Some(file) = parts.next().filter(|file| !file.is_empty()) {
            converted.sets.push((setting, file.to_owned()));
        }
    }
    if parts.next().is_some_and(|ciphers| !ciphers.is_empty()) {
        converted.note =
            Some("the list of ciphers is not used; TLS 1.2 and 1.3 have safe ones only".to_owned());
    }
    match parts.next() {
        Some(ca) if !ca.is_empty() => {
            let (ca, auth) = match ca.strip_prefix('!') {
                Some(ca) => (ca, "require"),
                None => (ca, "request"),
            };
            converted.sets.push(("client-ca", ca.to_owned()));
            converted.sets.push(("client-auth", auth.to_owned()));
        }
        _ => {}
    }
    Ok(converted)
}

/// An address: with a colon TCP, else the path of a unix socket, from the folder that the application runs in; `=0` is
/// the first `shared-socket`.
fn listen(scheme: &str, value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let address = match value.strip_prefix('=') {
        Some(number) => {
            let shared =
                number.trim().parse().ok().and_then(|number: usize| facts.shared_sockets.get(number));
            shared.ok_or_else(|| format!("there is no `shared-socket` with the number {number}"))?
        }
        None => value,
    };
    if address.starts_with(['"', '\'']) {
        return Err(format!("the quotes around {address} belong to the value, as in uWSGI; remove them"));
    }
    if address.starts_with(['@', '\0']) || address.contains("://") {
        return Err(format!("`{address}` is neither ADDRESS:PORT nor the path of a socket"));
    }
    let address = match address.rsplit_once(':').filter(|_| !address.starts_with('/')) {
        // Like every number, a port is its leading digits.
        Some((host, port)) => {
            // Without IPV6_V6ONLY, as uWSGI binds it, this is every address of IPv4 too.
            let host = if is_unspecified(host) { "" } else { host };
            format!("{scheme}://{host}:{}", leading_digits(port.trim()))
        }
        None if value.starts_with('=') => format!("{scheme}+unix:{}", absolute(address)),
        None => format!("{scheme}+unix:{}", facts.below_chdir(address)),
    };
    let parsed = address.parse::<ListenAddress>();
    parsed.map(|_| Converted::one("listen", address)).map_err(|error| format!("{error}"))
}

/// Whether it is `[::]`, however that is written.
fn is_unspecified(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    address.and_then(|address| address.parse().ok()).is_some_and(|address: Ipv6Addr| address.is_unspecified())
}

/// `http-to-https`: where plain HTTP is redirected from.
pub(super) fn http_to_https(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    if !value.contains(':') && !value.starts_with('=') {
        return Err(format!("`{value}` is not ADDRESS:PORT, as in `http-to-https = :80`"));
    }
    let listen = listen("http", value, facts)?;
    let address =
        listen.sets.into_iter().map(|(_, address)| ("redirect-http", address.replace("http://", "")));
    Ok(Converted { sets: address.collect(), note: None })
}

/// Shared sockets are bound before the folder changes.
fn absolute(path: &str) -> String {
    std::path::absolute(Path::new(path)).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(protocol: &str) -> OptionFacts {
        OptionFacts {
            protocol: protocol.to_owned(),
            shared_sockets: vec!["0.0.0.0:443".to_owned(), "/run/shared".to_owned()],
            chdir: "/srv/site".into(),
            ..OptionFacts::default()
        }
    }

    fn of(
        convert: fn(&str, &OptionFacts) -> Result<Converted, String>,
        value: &str,
        protocol: &str,
    ) -> String {
        match convert(value, &facts(protocol)) {
            Ok(converted) => {
                let sets: Vec<_> =
                    converted.sets.iter().map(|(word, value)| format!("{word}={value}")).collect();
                sets.join(" ")
            }
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn addresses() {
        for (value, protocol, expected) in [
            ("127.0.0.1:3031", "", "listen=uwsgi://127.0.0.1:3031"),
            (":3031   ; remark", "", "listen=uwsgi://:3031"),
            ("[::1]:80", "http", "listen=http://[::1]:80"),
            ("[::]:80", "http", "listen=http://:80"),
            ("[0::0]:80", "", "listen=uwsgi://:80"),
            ("/run/a.sock", "http", "listen=http+unix:/run/a.sock"),
            ("run/a.sock", "", "listen=uwsgi+unix:/srv/site/run/a.sock"),
            ("=1", "", "listen=uwsgi+unix:/run/shared"),
            ("=0", "http", "listen=http://0.0.0.0:443"),
        ] {
            assert_eq!(of(socket, value, protocol), expected, "{value}");
        }
        for (value, protocol, part) in [
            ("=2", "", "no `shared-socket` with the number 2"),
            ("@abstract", "", "neither"),
            ("fd://0", "", "neither"),
            ("a:b", "", "no valid port"),
            ("\"/run/a.sock\"", "", "quotes"),
            ("'127.0.0.1:80'", "http", "quotes"),
            ("", "", "needs a path"),
            (":1", "raw", "`protocol = raw`"),
        ] {
            let error = of(socket, value, protocol);
            assert!(error.starts_with("error: ") && error.contains(part), "{value}: {error}");
        }
        assert_eq!(of(uwsgi, ":1", "http"), "listen=uwsgi://:1");
        assert_eq!(of(http_to_https, "[::]:80", ""), "redirect-http=:80");
        assert!(of(http_to_https, "true", "").contains("ADDRESS:PORT"));
    }

    #[test]
    fn certificates_stand_behind_the_address() {
        assert_eq!(of(https, "=0,c.pem,k.pem", ""), "listen=https://0.0.0.0:443 cert=c.pem key=k.pem");
        assert_eq!(of(socket, ":443,c.pem,k.pem", "https"), "listen=https://:443 cert=c.pem key=k.pem");
        let value = "addr=:8443,cert=c.pem,key=k.pem,ciphers=HIGH,spdy=1";
        assert_eq!(of(https2, value, ""), "listen=https://:8443 cert=c.pem key=k.pem");
        assert!(https(":443,c,k,HIGH", &facts("")).unwrap().note.is_some());
        for (value, auth) in [(":443,c,k,HIGH,!ca.pem", "require"), (":443,c,k,,ca.pem", "request")] {
            let expected = format!("listen=https://:443 cert=c key=k client-ca=ca.pem client-auth={auth}");
            assert_eq!(of(https, value, ""), expected);
        }
    }
}
