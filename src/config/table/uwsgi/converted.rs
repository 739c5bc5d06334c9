//! Words that become settings of certkit by another name, or depend on other options.

use super::listeners::{fastcgi, http, http_to_https, https, https2, scgi, socket, suwsgi, uwsgi};
use crate::config::option_value::{integer, is_true, leading_digits};
use crate::config::option_word::{Conversion, Converted, OptionFacts, OptionWord, Support};
use crate::serve::mount::MountChoice;

const fn sets(words: &'static str, convert: Conversion, means: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Sets(convert, means) }
}

pub(super) const CONVERTED: &[OptionWord] = &[
    sets("socket", socket, "`--listen`, speaking what `protocol` says"),
    sets("uwsgi-socket", uwsgi, "`--listen uwsgi:...`"),
    sets("http http-socket http11-socket", http, "`--listen http:...`"),
    sets("https https-socket", https, "`--listen https:...`, `--cert`, `--key`"),
    sets("http-to-https", http_to_https, "`--redirect-http`"),
    sets("https2", https2, "`--listen https:...`, `--cert`, `--key`"),
    sets("suwsgi-socket ssl-socket", suwsgi, "`--listen suwsgi:...`, `--cert`, `--key`"),
    sets("fastcgi-socket fastcgi-nph-socket", fastcgi, "`--listen fcgi:...`"),
    sets("scgi-socket scgi-nph-socket", scgi, "`--listen scgi:...`"),
    sets("protocol socket-protocol", elsewhere, "what `socket` speaks"),
    sets("shared-socket undeferred-shared-socket", elsewhere, "the address that `=0` and so on stand for"),
    sets("chmod-socket? chmod?", chmod, "`--socket-mode`, 666 without a value"),
    sets("disable-logging!", disable_logging, "`--disable-logging`"),
    sets("req-logger logger-req", request_logger, "`--access-log`"),
    sets("logger", logger, "`--log-file`"),
    sets("logto logto2", logto, "`--log-file`"),
    sets("log-syslog?", log_syslog, "`--log-file syslog`"),
    sets("log-socket", log_socket, "`--log-file socket:...`"),
    sets("log-slow", log_slow, "`--log-slow`, in milliseconds"),
    sets("log-date? logdate?", log_date, "`--log-date`"),
    sets("stats stats-server", stats, "`--stats`"),
    sets("optimize", optimize, "`--env PYTHONOPTIMIZE=...`"),
    sets("sni", sni, "`--cert`, `--key`"),
    sets("http-keepalive?", keepalive, "`--keepalive`"),
    sets("mount worker-mount", mount, "`--mount`, `--mount-by`, `--default-mount`"),
    sets("ignore-script-name!", elsewhere, "`--mount-by appid`"),
    sets("no-default-app!", elsewhere, "without `--default-mount`"),
    sets("plugin plugins", plugins, "Python and HTTP are always there"),
    sets("need-plugin need-plugins", needed_plugins, "Python and HTTP are always there"),
    sets("no-server!", no_server, "with `--show-config` only"),
];

/// What other options ask for: see [`OptionFacts`].
fn elsewhere(_: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(Converted::default())
}

/// uWSGI takes `1`, or exactly three digits.
fn chmod(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    let digits = leading_digits(value);
    match value {
        "" | "1" | "true" => Ok(Converted::one("socket-mode", "666")),
        _ if digits.len() == 3 => Ok(Converted::one("socket-mode", digits)),
        _ => Err(format!("`{value}` is not a mode in three octal digits, such as 660")),
    }
}

fn disable_logging(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(if is_true(value) { Converted::one("disable-logging", "true") } else { Converted::default() })
}

fn request_logger(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    Ok(Converted::one("access-log", log_target(value, facts)?))
}

fn logger(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    match log_target(value, facts)?.as_str() {
        "-" => Ok(Converted::default()),
        target => Ok(Converted::one("log-file", target)),
    }
}

/// What uWSGI calls a logger, as a log target of certkit. Files and unix sockets count from the folder of the application.
fn log_target(value: &str, facts: &OptionFacts) -> Result<String, String> {
    let (kind, rest) = value.split_once(':').unwrap_or((value, ""));
    match kind {
        "file" => Ok(facts.below_chdir(rest)),
        "stdio" => Ok("-".to_owned()),
        "syslog" | "rsyslog" => Ok(value.to_owned()),
        "socket" if rest.split(',').next().is_some_and(|address| address.contains(':')) => {
            Ok(value.to_owned())
        }
        "socket" => Ok(format!("socket:{}", facts.below_chdir(rest))),
        _ if kind.contains(' ') => {
            Err(format!("`{value}`: loggers have no names here; let the log collector choose lines"))
        }
        _ => Err(format!(
            "`{value}`: there are `file:PATH`, `stdio`, `syslog`, `rsyslog:...` and `socket:...`"
        )),
    }
}

/// A path from the folder of the start, or an address for UDP.
fn logto(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    let target = match value {
        // Nothing but names of files there.
        "syslog" | "stdio" | "-" => format!("./{value}"),
        _ if value.contains(':') => format!("socket:{value}"),
        _ => value.to_owned(),
    };
    Ok(Converted::one("log-file", target))
}

fn log_syslog(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    let target =
        if matches!(value, "" | "1" | "true") { "syslog".to_owned() } else { format!("syslog:{value}") };
    Ok(Converted::one("log-file", target))
}

fn log_socket(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    logger(&format!("socket:{value}"), facts)
}

fn log_slow(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(Converted::one("log-slow", format!("{}ms", integer(value).max(0))))
}

/// A format of strftime(3); without one, uWSGI puts a date before each line, which the access log has.
fn log_date(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(if value.contains('%') { Converted::one("log-date", value) } else { Converted::default() })
}

/// An address as uWSGI takes it: `:PORT` is every one of this machine, a path counts from the folder of the application.
fn stats(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let address = match value {
        _ if value.starts_with('@') => {
            return Err(format!("`{value}`: the stats server has no abstract socket; name a path"));
        }
        _ if value.starts_with(':') => format!("*{value}"),
        _ if value.contains(':') => value.to_owned(),
        _ => format!("unix:{}", facts.below_chdir(value)),
    };
    Ok(Converted::one("stats", address))
}

/// The level of Python's `-O`.
fn optimize(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(Converted::one("env", format!("PYTHONOPTIMIZE={}", integer(value).clamp(0, 2))))
}

/// `NAME CHAIN,KEY[,CIPHERS[,CA]]`: clients get the certificate that is for the name that they ask for.
fn sni(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    let wrong = || format!("`{value}`: expected `NAME CHAIN,KEY`");
    let (_, files) = value.trim().split_once(' ').ok_or_else(wrong)?;
    let mut parts = files.trim().split(',').map(str::trim);
    let mut file = || parts.next().filter(|file| !file.is_empty()).map(str::to_owned).ok_or_else(wrong);
    let sets = vec![("cert", file()?), ("key", file()?)];
    let note = parts
        .next()
        .is_some_and(|ciphers| !ciphers.is_empty())
        .then(|| "the list of ciphers is not used; TLS 1.2 and 1.3 have safe ones only".to_owned());
    if parts.next().is_some_and(|ca| !ca.is_empty()) {
        return Err("it asks clients for certificates, which certkit does not do for one name".to_owned());
    }
    Ok(Converted { sets, note })
}

/// Off, on, or seconds. What uWSGI reads as zero is off there, also where a word was meant.
fn keepalive(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(match integer(value) {
        ..=0 if !is_true(value) => Converted::one("keepalive", "0"),
        ..=0 => Converted {
            sets: Vec::new(),
            note: Some(
                "uWSGI reads this as 0 and closes every connection; certkit keeps them, as it was meant"
                    .to_owned(),
            ),
        },
        1 => Converted::default(),
        seconds => Converted::one("keepalive", seconds.to_string()),
    })
}

/// `/PREFIX=APP`, or a name of which front servers send UWSGI_APPID.
fn mount(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    let Some((at, app)) = value.split_once('=') else {
        return Err(format!("`{value}` has no `=` between the path and its application"));
    };
    if at.contains('|') {
        return Err(format!(
            "`{at}`: certkit does not choose applications by host; send UWSGI_APPID from the front server and mount the \
             application under that name"
        ));
    }
    if app.ends_with(".ini") || app.contains("://") {
        return Err(format!("`{app}` is neither a Python file nor MODULE:CALLABLE"));
    }
    let at = match at {
        "" => "/".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        name => format!("id:{name}"),
    };
    // To certkit, `site.wsgi` alone is a module.
    let is_module = !app.ends_with(".wsgi") || app.contains('/');
    let app = if is_module { app.to_owned() } else { format!("./{app}") };
    let choice = match facts.mount_choice {
        MountChoice::Path => "path",
        MountChoice::PathInfo => "path-info",
        MountChoice::ScriptName => "script-name",
        MountChoice::AppId => "appid",
    };
    let sets = vec![
        ("mount", format!("{at}={app}")),
        ("mount-by", choice.to_owned()),
        ("default-mount", (!facts.no_default_app).to_string()),
    ];
    Ok(Converted { sets, note: None })
}

/// Names separated by commas. Like uWSGI, certkit starts without one that is missing, unless it is for another language.
fn plugins(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    const LANGUAGES: &[&str] = &[
        "cgi",
        "coroae",
        "gccgo",
        "jvm",
        "jwsgi",
        "lua",
        "mono",
        "php",
        "psgi",
        "pypy",
        "rack",
        "rbthreads",
        "ring",
        "ruby",
        "v8",
    ];
    let missing = missing_plugins(value);
    let is_language = |name: &&String| LANGUAGES.iter().any(|language| name.starts_with(language));
    match missing.iter().find(is_language) {
        Some(language) => Err(no_plugin(language)),
        None if missing.is_empty() => Ok(Converted::default()),
        None => Ok(Converted {
            note: Some(format!("certkit has no plugin `{}` and starts without it", missing.join("`, `"))),
            ..Converted::default()
        }),
    }
}

fn needed_plugins(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    match missing_plugins(value).first() {
        Some(missing) => Err(no_plugin(missing)),
        None => Ok(Converted::default()),
    }
}

fn no_plugin(name: &str) -> String {
    format!("certkit runs Python applications only; there is no plugin `{name}`")
}

fn missing_plugins(value: &str) -> Vec<String> {
    const KNOWN: &[&str] = &[
        "cheaper_busyness",
        "corerouter",
        "gevent",
        "http",
        "logfile",
        "logsocket",
        "rsyslog",
        "syslog",
        "zergpool",
    ];
    let names = value.split(',').map(|name| {
        let name = name.trim();
        // `0:python` gives it another number, and a path is one too.
        let name = name.rsplit(['/', ':']).next().unwrap_or(name);
        name.trim_end_matches(".so").trim_end_matches("_plugin")
    });
    let is_known = |name: &&str| {
        name.is_empty() || name.starts_with("python") || name.starts_with("router_") || KNOWN.contains(name)
    };
    names.filter(|name| !is_known(name)).map(str::to_owned).collect()
}

fn no_server(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    if facts.is_shown || !is_true(value) {
        return Ok(Converted::default());
    }
    Err("use it together with `--show-config`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> OptionFacts {
        OptionFacts { chdir: "/srv/site".into(), ..OptionFacts::default() }
    }

    fn sets_of(convert: Conversion, value: &str) -> Vec<(&'static str, String)> {
        convert(value, &facts()).unwrap().sets
    }

    #[test]
    fn values_as_uwsgi_means_them() {
        let one = |word, value: &str| vec![(word, value.to_owned())];
        assert_eq!(sets_of(chmod, ""), one("socket-mode", "666"));
        assert_eq!(sets_of(chmod, "660 ; x"), one("socket-mode", "660"));
        for value in ["66", "0664", "\"664\"", "ug+rw"] {
            assert!(chmod(value, &facts()).unwrap_err().contains(value), "{value}");
        }
        assert_eq!(sets_of(disable_logging, ""), one("disable-logging", "true"));
        assert_eq!(sets_of(disable_logging, "false"), []);
        assert_eq!(sets_of(request_logger, "file:log/a.log"), one("access-log", "/srv/site/log/a.log"));
        assert_eq!(sets_of(request_logger, "stdio"), one("access-log", "-"));
        assert_eq!(sets_of(request_logger, "syslog"), one("access-log", "syslog"));
        assert!(request_logger("redislog:a", &facts()).is_err());
        assert_eq!(sets_of(logger, "stdio"), []);
        assert_eq!(sets_of(logger, "socket:a.sock,x"), one("log-file", "socket:/srv/site/a.sock,x"));
        assert!(logger("errors file:/a", &facts()).unwrap_err().contains("no names"));
        assert_eq!(sets_of(log_syslog, ""), one("log-file", "syslog"));
        assert_eq!(sets_of(log_slow, "100 ; x"), one("log-slow", "100ms"));
    }

    #[test]
    fn certificates_by_name() {
        let files = vec![("cert", "a.crt".to_owned()), ("key", "a.key".to_owned())];
        assert_eq!(sets_of(sni, "a.test a.crt,a.key"), files);
        let with_ciphers = sni("a.test a.crt,a.key,HIGH", &facts()).unwrap();
        assert!(with_ciphers.sets == files && with_ciphers.note.is_some());
        for wrong in ["a.crt,a.key", "a.test a.crt", "a.test ,a.key", "a.test a.crt,a.key,,ca.pem"] {
            assert!(sni(wrong, &facts()).is_err(), "{wrong}");
        }
        assert_eq!(sets_of(optimize, "2"), vec![("env", "PYTHONOPTIMIZE=2".to_owned())]);
    }

    #[test]
    fn keepalive_is_off_on_or_seconds() {
        for (value, seconds) in [("0", Some("0")), ("false", Some("0")), ("1", None), ("5", Some("5"))] {
            let expected: Vec<_> =
                seconds.map(|seconds| ("keepalive", seconds.to_owned())).into_iter().collect();
            assert_eq!(sets_of(keepalive, value), expected, "{value}");
        }
        let converted = keepalive("true", &facts()).unwrap();
        assert!(converted.sets.is_empty() && converted.note.is_some());
    }

    #[test]
    fn mounts_follow_manage_script_name() {
        let sets = |value: &str, mount_choice, no_default_app| {
            let facts = OptionFacts { mount_choice, no_default_app, ..facts() };
            let sets = mount(value, &facts).unwrap().sets;
            sets.into_iter().map(|(word, value)| format!("{word}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            sets("/a=a.py", MountChoice::PathInfo, false),
            "mount=/a=a.py mount-by=path-info default-mount=true"
        );
        assert_eq!(
            sets("=a.wsgi", MountChoice::ScriptName, true),
            "mount=/=./a.wsgi mount-by=script-name default-mount=false"
        );
        assert_eq!(
            sets("a.example=pkg.mod:app", MountChoice::AppId, false),
            "mount=id:a.example=pkg.mod:app mount-by=appid default-mount=true"
        );
        for wrong in ["a.py", "a.example|/a=a.py", "/a=config:a.ini", "/a=http://a/a.py"] {
            assert!(mount(wrong, &facts()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plugins_that_are_not_there_are_refused() {
        for value in [
            "python3",
            "python,http",
            "0:python27",
            "/usr/lib/uwsgi/python3_plugin.so",
            "gevent,router_static",
        ] {
            assert!(plugins(value, &facts()).is_ok(), "{value}");
        }
        for value in ["php", "python3,psgi", "rack", "0:php7", "ruby27"] {
            assert!(plugins(value, &facts()).is_err(), "{value}");
        }
        for value in ["sentry", "escape_json,python3", "/usr/lib/zabbix_plugin.so"] {
            assert!(plugins(value, &facts()).unwrap().note.is_some(), "{value}");
            assert!(needed_plugins(value, &facts()).is_err(), "{value}");
        }
        assert!(needed_plugins("python3", &facts()).is_ok());
    }

    #[test]
    fn no_server_shows_only() {
        assert!(no_server("true", &facts()).is_err());
        assert!(no_server("true", &OptionFacts { is_shown: true, ..facts() }).is_ok());
    }
}
