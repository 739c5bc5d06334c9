//! The kinds of values in settings, as people write them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::serve::config::HostPattern;
use crate::serve::mount::MountPoint;

/// A span of time: seconds (`30`, `0.5`), or with a unit (`500ms`, `30s`, `5m`, `1h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A number of bytes: `65536`, `64k`, `10m`, `1g`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// Permission bits in octal: `660`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

/// `NAME=VALUE` for the environment of the application. `Debug` shows the name only.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Before the first `=`.
    pub name: OsString,
    pub value: OsString,
}

/// `/prefix=DIR`: a folder served below a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Without trailing slash; empty for all paths.
    pub prefix: String,
    pub folder: PathBuf,
}

/// `/PREFIX=APP`: an application at a path; `id:NAME=APP`: one that front servers choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedApplication {
    pub at: MountPoint,
    /// As for APP.
    pub app: String,
}

/// `HOST=FILE`: a site that a file of its own describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VhostFile {
    pub host: HostPattern,
    pub file: String,
}

/// The name of a variable that front servers may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UwsgiVariable(pub String);

/// How long browsers insist on https, in seconds: a number, or `true` for two years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub u64);

/// What clients get before the first certificate of an ACME server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcmeMissing {
    /// A certificate made here.
    #[default]
    Local,
    Refuse,
}

/// How clients reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlScheme {
    Http,
    Https,
}

impl FromStr for UrlScheme {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err("expected `http` or `https`"),
        }
    }
}

/// The form in which settings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFormat {
    /// uWSGI's option file.
    Ini,
    /// `certkit.toml`.
    Toml,
}

impl FromStr for ConfigFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ini" => Ok(Self::Ini),
            "toml" => Ok(Self::Toml),
            _ => Err("expected `ini` or `toml`"),
        }
    }
}

impl FromStr for AcmeMissing {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "local" => Ok(Self::Local),
            "refuse" => Ok(Self::Refuse),
            _ => Err("expected `local` or `refuse`"),
        }
    }
}

/// Longer spans are useless and could overflow a point in time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Age {
    /// As preload lists and Mozilla's guideline require.
    pub const TWO_YEARS: &'static str = "63072000";
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a number of seconds, or one with a unit: 500ms, 30s, 5m, 1h";
        let (number, unit) = split_unit(text);
        let seconds = match unit {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong),
        };
        let number: f64 = number.parse().map_err(|_| wrong)?;
        let span = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong)?;
        if span > LONGEST { Err("the longest time is a year") } else { Ok(Self(span)) }
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a number of bytes, or one with a unit: 64k, 10m, 1g";
        let (number, unit) = split_unit(text);
        let bytes: u64 = match unit.to_ascii_lowercase().as_str() {
            "" => 1,
            "k" => 1 << 10,
            "m" => 1 << 20,
            "g" => 1 << 30,
            _ => return Err(wrong),
        };
        let number: u64 = number.parse().map_err(|_| wrong)?;
        number.checked_mul(bytes).map(Self).ok_or(wrong)
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at(end)
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 8)
            .ok()
            .filter(|mode| *mode <= 0o777)
            .map(Self)
            .ok_or("expected three octal digits, for example 660")
    }
}

impl FromStr for Variable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self { name: name.into(), value: value.into() }),
            _ => Err("expected NAME=VALUE"),
        }
    }
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name.display())
    }
}

impl FromStr for Mount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((prefix, folder)) if prefix.starts_with('/') && !folder.is_empty() => {
                Ok(Self { prefix: prefix.trim_end_matches('/').to_owned(), folder: folder.into() })
            }
            _ => Err("expected /PATH=FOLDER"),
        }
    }
}

impl FromStr for NamedApplication {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((at, app)) = text.split_once('=').filter(|(_, app)| !app.is_empty()) else {
            return Err("expected /PREFIX=APP, for example /shop=shop.py:app".to_owned());
        };
        let at = at.parse().map_err(|reason| format!("{reason}; expected /PREFIX=APP or id:NAME=APP"))?;
        Ok(Self { at, app: app.to_owned() })
    }
}

impl FromStr for VhostFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((host, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err("expected HOST=FILE, for example shop.example=shop.toml".to_owned());
        };
        Ok(Self { host: host.parse()?, file: file.to_owned() })
    }
}

impl FromStr for UwsgiVariable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // With these, uWSGI lets a request choose the code, its folder and its environment, or read a file.
        const OBEYED: [&str; 12] = [
            "CACHE_GET",
            "CALLABLE",
            "CHDIR",
            "FILE",
            "HOME",
            "MODULE",
            "PASTE",
            "POSTFILE",
            "PYHOME",
            "SCRIPT",
            "SETENV",
            "TOUCH_RELOAD",
        ];
        let Some(name) = text.strip_prefix("UWSGI_").filter(|name| !name.is_empty()) else {
            return Err(
                "expected a name that begins with UWSGI_; all others reach the application anyway".to_owned()
            );
        };
        if OBEYED.contains(&name) {
            return Err(format!(
                "the settings alone say what runs, not a request; name each application with --mount, and choose it with \
                 UWSGI_APPID instead of UWSGI_{name}"
            ));
        }
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err("a variable has letters, digits and `_` only".to_owned())
        }
    }
}

impl FromStr for Age {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = if text == "true" { Self::TWO_YEARS } else { text };
        text.parse().map(Self).map_err(|_| "expected a number of seconds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let span = |text: &str| text.parse::<Span>().ok().map(|span| span.0.as_millis());
        assert_eq!(span("30"), Some(30_000));
        assert_eq!(span("0.5"), Some(500));
        assert_eq!(span("500ms"), Some(500));
        assert_eq!(span("2m"), Some(120_000));
        for bad in ["", "s", "-1", "1d", "1e400", "nan", "99999h"] {
            assert_eq!(span(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        let size = |text: &str| text.parse::<Size>().ok().map(|size| size.0);
        assert_eq!(size("65536"), Some(65536));
        assert_eq!(size("64k"), Some(65536));
        assert_eq!(size("1G"), Some(1 << 30));
        for bad in ["", "k", "-1", "1t", "99999999999g", "1.5k"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_rest() {
        assert_eq!("660".parse(), Ok(Mode(0o660)));
        assert!("888".parse::<Mode>().is_err() && "7777".parse::<Mode>().is_err());
        assert_eq!("/a/=b=c".parse(), Ok(Mount { prefix: "/a".into(), folder: "b=c".into() }));
        assert!("a=b".parse::<Mount>().is_err() && "/a".parse::<Mount>().is_err());
        assert_eq!("true".parse(), Ok(Age(63_072_000)));
        let mount: NamedApplication = "/a/=b.py:c=d".parse().unwrap();
        assert_eq!((mount.at.to_string(), mount.app.as_str()), ("/a".to_owned(), "b.py:c=d"));
        for wrong in ["", "a.py", "/a", "/a=", "=a.py", "a=a.py", "/a?=a.py"] {
            assert!(wrong.parse::<NamedApplication>().is_err(), "{wrong}");
        }
        assert_eq!("UWSGI_SHOP".parse(), Ok(UwsgiVariable("UWSGI_SHOP".into())));
        for wrong in ["", "UWSGI_", "SHOP", "UWSGI_FILE", "UWSGI_SETENV", "UWSGI_A.B"] {
            assert!(wrong.parse::<UwsgiVariable>().is_err(), "{wrong}");
        }
        let secret: Variable = "KEY=secret=x".parse().unwrap();
        assert_eq!(
            (secret.value.to_str(), format!("{secret:?}")),
            (Some("secret=x"), "\"KEY\"=…".replace('"', ""))
        );
        assert!("=x".parse::<Variable>().is_err());
    }
}
