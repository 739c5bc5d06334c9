//! The lines of configuration that `check` prints, applied in real servers: the finding is gone afterwards.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::harness::{Test, certkit};
use crate::peers::{peer, python, skip};
use crate::process::{Process, free_port};

/// Lines of a configuration, by the words that stand for them in its template.
type Lines<'a> = [(&'a str, String)];

/// Starts a server on a port, with lines in the places of their words.
type Start<'a> = dyn Fn(u16, &Lines<'_>) -> Process + 'a;

/// A server of the past, whose lines are replaced one by one.
struct Configured<'a> {
    test: &'a Test,
    /// The word for `--server`, where the server does not name itself.
    name: Option<&'static str>,
    /// The protocol in which a command starts TLS; without it, https.
    starttls: Option<&'static str>,
    start: Box<Start<'a>>,
}

/// A template with a port and lines in the places of their words; words without a line are left out.
fn filled(template: &str, port: u16, lines: &Lines<'_>) -> String {
    let mut config = template.replace("PORT", &port.to_string());
    for (word, line) in lines {
        config = config.replace(word, line);
    }
    for word in ["BANNER", "EARLY", "GROUPS", "HSTS", "SUITES", "VERSIONS"] {
        config = config.replace(word, "");
    }
    config
}

impl<'a> Configured<'a> {
    /// A server with these files, the first of which is `FILE` in its command.
    fn of_files(
        test: &'a Test,
        name: Option<&'static str>,
        command: Vec<String>,
        files: Vec<(&'static str, String)>,
    ) -> Self {
        let start = move |port, lines: &Lines<'_>| {
            for (name, template) in &files {
                test.write(name, filled(template, port, lines));
            }
            let file = files.first().map(|(name, _)| test.path(name).display().to_string());
            let words = command.iter().flat_map(|word| {
                let word = filled(word, port, lines);
                // What is printed for a command line may be an option with its value, or nothing.
                let words = word.split(' ').filter(|word| !word.is_empty()).map(String::from);
                words
                    .map(|word| word.replace("FILE", file.as_deref().unwrap_or_default()))
                    .collect::<Vec<_>>()
            });
            let words: Vec<_> = words.collect();
            Process::start(test, test.program(&words[0]).args(&words[1..]))
        };
        Self { test, name, starttls: None, start: Box::new(start) }
    }

    /// Starts it with these lines, checks it, and gives the report.
    fn check(&self, lines: &Lines<'_>) -> Value {
        let port = free_port();
        let mut server = (self.start)(port, lines);
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        let scheme = if self.starttls.is_some() { "" } else { "https://" };
        let place = format!("{scheme}127.0.0.1:{port}");
        let mut args = vec![
            "check",
            &place,
            "--host",
            "test.example",
            "--roots",
            "ca.crt",
            "--format",
            "json",
            "--deep",
        ];
        args.extend(self.starttls.iter().flat_map(|protocol| ["--starttls", protocol]));
        args.extend(self.name.iter().flat_map(|name| ["--server", name]));
        self.test.certkit(&args).report()
    }
}

fn find<'a>(report: &'a Value, code: &str) -> Option<&'a Value> {
    let parts = ["reasons", "warnings"].into_iter().flat_map(|part| report[part].as_array().unwrap());
    parts.into_iter().find(|one| one["code"] == code)
}

/// The line of configuration in a fix, without the words that say where it belongs.
fn line(report: &Value, code: &str) -> String {
    let finding = find(report, code).unwrap_or_else(|| panic!("no {code} in {report:#}"));
    let fix = finding["fix"].as_str().unwrap();
    assert!(!fix.contains('\n'), "one server was recognised, so one line: {fix}");
    fix.split_once(": ").unwrap().1.to_owned()
}

/// By the word in the template: the finding, and the line that leads to it. First all of them, then none. Without suites of
/// OpenSSL's security level 0 old versions are gone as well, so their line is also applied alone.
fn mends(server: &Configured<'_>, rows: &[(&str, &str, &str)]) {
    let old: Vec<_> = rows.iter().map(|(word, _, line)| (*word, (*line).to_owned())).collect();
    let before = server.check(&old);
    let fixed: Vec<_> = rows.iter().map(|(word, code, _)| (*word, line(&before, code))).collect();
    let after = server.check(&fixed);
    for (_, code, _) in rows {
        assert_eq!(find(&after, code), None, "{fixed:?}: {after:#}");
    }
    if let Some(versions) = rows.iter().position(|(_, code, _)| *code == "old_protocol") {
        let mut alone = old;
        alone[versions] = fixed[versions].clone();
        let after = server.check(&alone);
        assert_eq!(find(&after, "old_protocol"), None, "{alone:?}: {after:#}");
    }
}

/// A command with one word for each blank.
fn words(command: &str) -> Vec<String> {
    command.split(' ').map(String::from).collect()
}

/// A folder with an RSA chain, and chain and key in one file.
fn folder() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test.write("both.pem", test.text("chain.pem") + &test.text("server.key"));
    test.write("www/index.html", "hello");
    test
}

const OLD_SUITES: &str = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0";

#[test]
fn nginx() {
    let Some(program) = peer("nginx") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind}; "))
        .concat();
    let template = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {temporary}\n\
         server {{ listen 127.0.0.1:PORT ssl; ssl_certificate {place}/chain.pem; ssl_certificate_key {place}/server.key;\n\
         VERSIONS\nSUITES\nGROUPS\nEARLY\nHSTS\nBANNER\nlocation / {{ return 200 hello; }} }} }}\n"
    );
    let command = words(&format!("{} -c FILE -e stderr", program.display()));
    let mut server = Configured::of_files(&test, None, command, vec![("front.conf", template)]);
    let suites = format!("ssl_ciphers {OLD_SUITES};");
    let rows = [
        ("VERSIONS", "old_protocol", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
        ("SUITES", "weak_cipher", &suites),
        ("HSTS", "hsts", ""),
        ("EARLY", "early_data", "ssl_early_data on;"),
        ("BANNER", "version_banner", ""),
    ];
    mends(&server, &rows);
    // Where only a hello made by hand was answered, no header names the server.
    server.name = Some("nginx");
    let groups = ("GROUPS", "unusual_group", "ssl_ecdh_curve secp521r1;");
    mends(&server, &[("VERSIONS", "no_tls13", "ssl_protocols TLSv1.2;"), groups]);
}

#[test]
fn apache() {
    let Some(program) = peer("apache2") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let modules: String = ["mpm_event", "authz_core", "ssl", "headers", "socache_shmcb"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let user = if rustix::process::geteuid().is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let template = format!(
        "ServerRoot {place}\nDefaultRuntimeDir {place}\nPidFile {place}/pid\nServerName test.example\nErrorLog {place}/error\n\
         {modules}{user}BANNER\nListen 127.0.0.1:PORT\nDocumentRoot {place}/www\n<VirtualHost *:PORT>\nSSLEngine on\n\
         SSLCertificateFile {place}/chain.pem\nSSLCertificateKeyFile {place}/server.key\nVERSIONS\nSUITES\nGROUPS\nHSTS\n\
         </VirtualHost>\n"
    );
    let command = words(&format!("{} -DFOREGROUND -f FILE", program.display()));
    let mut server = Configured::of_files(&test, None, command, vec![("front.conf", template)]);
    let suites = format!("SSLCipherSuite {OLD_SUITES}");
    let rows = [
        ("VERSIONS", "old_protocol", "SSLProtocol -all +TLSv1 +TLSv1.1 +TLSv1.2 +TLSv1.3"),
        ("SUITES", "weak_cipher", &suites),
        ("HSTS", "hsts", ""),
        ("BANNER", "version_banner", ""),
    ];
    mends(&server, &rows);
    // Where only a hello made by hand was answered, no header names the server.
    server.name = Some("apache");
    let groups = ("GROUPS", "unusual_group", "SSLOpenSSLConfCmd Groups P-521");
    mends(&server, &[("VERSIONS", "no_tls13", "SSLProtocol -all +TLSv1.2"), groups]);
}

#[test]
fn haproxy() {
    let Some(program) = peer("haproxy") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let template = format!(
        "global\n    VERSIONS\n    SUITES\n    GROUPS\ndefaults\n    mode http\n    timeout connect 5s\n    \
         timeout client 30s\n    timeout server 30s\nfrontend tls\n    bind 127.0.0.1:PORT ssl crt {place}/both.pem\n    \
         HSTS\n    http-request return status 200 content-type text/plain string hello\n"
    );
    let command = words(&format!("{} -db -f FILE", program.display()));
    let server = Configured::of_files(&test, Some("haproxy"), command, vec![("front.conf", template)]);
    let suites = format!("ssl-default-bind-ciphers {OLD_SUITES}");
    let rows = [
        ("VERSIONS", "old_protocol", "ssl-default-bind-options ssl-min-ver TLSv1.0"),
        ("SUITES", "weak_cipher", &suites),
        ("HSTS", "hsts", ""),
    ];
    mends(&server, &rows);
    let groups = ("GROUPS", "unusual_group", "ssl-default-bind-curves P-521");
    mends(&server, &[("VERSIONS", "no_tls13", "ssl-default-bind-options ssl-max-ver TLSv1.2"), groups]);
}

/// Its settings of OpenSSL are one list, in which no name may be twice.
#[test]
fn lighttpd() {
    let Some(program) = peer("lighttpd") else { return };
    if !std::path::Path::new("/usr/lib/lighttpd/mod_openssl.so").exists() {
        return skip("lighttpd-mod-openssl");
    }
    let test = folder();
    let place = test.folder().display().to_string();
    let template = format!(
        "server.modules = (\"mod_openssl\", \"mod_setenv\")\nserver.document-root = \"{place}/www\"\n\
         server.errorlog = \"{place}/error\"\nserver.bind = \"127.0.0.1\"\nserver.port = PORT\n\
         index-file.names = (\"index.html\")\nssl.engine = \"enable\"\nssl.pemfile = \"{place}/chain.pem\"\n\
         ssl.privkey = \"{place}/server.key\"\n\
         ssl.openssl.ssl-conf-cmd = (\"Options\" => \"-SessionTicket\", VERSIONS, SUITES, GROUPS)\nHSTS\nBANNER\n"
    );
    let command = words(&format!("{} -D -f FILE", program.display()));
    let mut server = Configured::of_files(&test, None, command, vec![("front.conf", template)]);
    let suites = format!("\"CipherString\" => \"{OLD_SUITES}\"");
    let rows = [
        ("VERSIONS", "old_protocol", "\"MinProtocol\" => \"TLSv1\""),
        ("SUITES", "weak_cipher", &suites),
        ("HSTS", "hsts", ""),
        ("BANNER", "version_banner", ""),
    ];
    mends(&server, &rows);
    // Where only a hello made by hand was answered, no header names the server.
    server.name = Some("lighttpd");
    let groups = ("GROUPS", "unusual_group", "\"Groups\" => \"P-521\"");
    mends(&server, &[("VERSIONS", "no_tls13", "\"MaxProtocol\" => \"TLSv1.2\""), groups]);
}

#[test]
fn caddy() {
    let Some(program) = peer("caddy") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let template = format!(
        "{{\n    admin off\n    auto_https off\n}}\nhttps://127.0.0.1:PORT, https://test.example:PORT {{\n    \
         tls {place}/chain.pem {place}/server.key\n    HSTS\n    respond hello\n}}\n"
    );
    let command = words(&format!("{} run --adapter caddyfile --config FILE", program.display()));
    let server = Configured::of_files(&test, None, command, vec![("front.conf", template)]);
    // Caddy has nothing older than TLS 1.2 and no suite that it would not still have by default.
    mends(&server, &[("HSTS", "hsts", "")]);
}

/// The header of an application; `HSTS` stands for its name and value.
const APPLICATION: &str = "line = 'HSTS'\n\
     headers = [tuple(line.split(': ', 1))] if line else []\n\
     def application(environ, start_response):\n    start_response('200 OK', headers)\n    return [b'hello']\n";

#[test]
fn uwsgi() {
    let Some(program) = peer("uwsgi") else { return };
    let test = folder();
    // TLS 1.0 stays enabled where the line comes: it is stronger.
    let template = "[uwsgi]\nplugins = http,python3\nwsgi-file = app.py\nmaster = true\ndie-on-term = true\n\
                    ssl-enable-tlsv1 = true\nVERSIONS\nSUITES\nHSTS\n";
    let files = vec![("front.ini", template.to_owned()), ("app.py", APPLICATION.replace("HSTS", ""))];
    let start = |port: u16, lines: &Lines<'_>| {
        for (name, template) in &files {
            let config = filled(template, port, lines);
            let address = format!("127.0.0.1:{port},chain.pem,server.key");
            test.write(name, config.replace("ADDRESS,CHAIN,KEY", &address));
        }
        Process::start(&test, test.program(&program).args(["--ini", "front.ini"]))
    };
    let server = Configured { test: &test, name: Some("uwsgi"), starttls: None, start: Box::new(start) };
    let suites = format!("https = ADDRESS,CHAIN,KEY,{OLD_SUITES}");
    let rows = [("VERSIONS", "old_protocol", ""), ("SUITES", "weak_cipher", &suites), ("HSTS", "hsts", "")];
    mends(&server, &rows);
}

#[test]
fn gunicorn() {
    let Some(python) = python(&["gunicorn"]) else { return };
    let test = folder();
    let template =
        "bind = '127.0.0.1:PORT'\ncertfile = 'chain.pem'\nkeyfile = 'server.key'\nVERSIONS\nSUITES\n";
    let files = vec![("front.conf.py", template.to_owned()), ("app.py", APPLICATION.to_owned())];
    let command = words(&format!("{} -m gunicorn -c FILE app:application", python.display()));
    let server = Configured::of_files(&test, None, command, files);
    let suites = format!("ciphers = '{OLD_SUITES}'");
    let limit = |which: &str, version: &str| {
        format!(
            "import ssl\ndef ssl_context(config, default):\n    c = default()\n    \
             c.{which}imum_version = ssl.TLSVersion.{version}\n    return c"
        )
    };
    let (oldest, newest) = (limit("min", "TLSv1"), limit("max", "TLSv1_2"));
    let rows =
        [("VERSIONS", "old_protocol", &*oldest), ("SUITES", "weak_cipher", &suites), ("HSTS", "hsts", "")];
    mends(&server, &rows);
    mends(&server, &[("VERSIONS", "no_tls13", &newest)]);
}

/// TLS 1.2 and newer with good suites is all that it has.
#[test]
fn granian() {
    let Some(python) = python(&["granian"]) else { return };
    let test = folder();
    let command = format!(
        "{} -m granian --interface wsgi --port PORT --ssl-certificate chain.pem --ssl-keyfile server.key \
         --ssl-protocol-min tls1.2 app:application",
        python.display()
    );
    let files = vec![("app.py", APPLICATION.to_owned())];
    mends(&Configured::of_files(&test, None, words(&command), files), &[("HSTS", "hsts", "")]);
}

#[test]
fn certkit_itself() {
    let test = folder();
    let command = format!(
        "{} serve --listen https:127.0.0.1:PORT --cert chain.pem --key server.key --static-root www HSTS",
        certkit().display()
    );
    let server = Configured::of_files(&test, Some("certkit"), words(&command), Vec::new());
    mends(&server, &[("HSTS", "hsts", "")]);
}

/// A mail server leaves root for users who must get through to its folders.
fn mail_folder() -> Option<Test> {
    if !rustix::process::geteuid().is_root() {
        skip("root, from whom mail servers change to users of their own");
        return None;
    }
    let test = folder();
    for place in [test.folder(), test.folder().parent().unwrap().to_owned()] {
        std::fs::set_permissions(place, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    }
    Some(test)
}

fn postfix_with(settings: &str, rows: &[(&str, &str, &str)]) {
    let (Some(postconf), Some(test)) = (peer("postconf"), mail_folder()) else { return };
    let place = test.folder().display().to_string();
    test.run("install", &["-d", "-o", "root", "spool/pid"]).exits(0);
    test.run("install", &["-d", "-o", "postfix", "spool/private", "spool/public", "data"]).exits(0);
    test.write("conf/main.cf", "");
    let programs = test.run(&postconf, &["-h", "-c", &format!("{place}/conf"), "daemon_directory"]).stdout();
    let program = format!("{}/master", programs.trim());
    let start = |port: u16, lines: &Lines<'_>| {
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {place}/spool\ndata_directory = {place}/data\n\
             inet_interfaces = loopback-only\ninet_protocols = ipv4\nmyhostname = mail.test.example\n\
             maillog_file = /dev/stdout\nsmtpd_error_sleep_time = 0\nsmtpd_tls_cert_file = {place}/chain.pem\n\
             smtpd_tls_key_file = {place}/server.key\n{settings}"
        );
        test.write("conf/main.cf", main);
        let services = "inet n - n - - smtpd\ntlsmgr unix - - n 1000? 1 tlsmgr\nanvil unix - - n - 1 anvil\n\
                        proxymap unix - - n - - proxymap\npostlog unix-dgram n - n - 1 postlogd\n";
        test.write("conf/master.cf", format!("127.0.0.1:{port} {services}"));
        let config = format!("{place}/conf");
        for (_, line) in lines.iter().filter(|(_, line)| !line.is_empty()) {
            assert!(line.starts_with("postconf -e "), "{line}");
            test.program("sh").args(["-c", line]).env("MAIL_CONFIG", &config).run().exits(0);
        }
        // Its end is that of a process group that it leads.
        Process::start(&test, test.program("setsid").args([&*program, "-c", &config, "-d"]))
    };
    let start = Box::new(start);
    mends(&Configured { test: &test, name: Some("postfix"), starttls: Some("smtp"), start }, rows);
}

#[test]
fn postfix() {
    let old = format!(
        "smtpd_tls_security_level = encrypt\nsmtpd_tls_mandatory_protocols = >=TLSv1\n\
         smtpd_tls_mandatory_ciphers = low\ntls_low_cipherlist = {OLD_SUITES}\n"
    );
    postfix_with(&old, &[("VERSIONS", "old_protocol", ""), ("SUITES", "weak_cipher", "")]);
    let rare =
        "smtpd_tls_security_level = may\nsmtpd_tls_protocols = TLSv1.2\ntls_eecdh_auto_curves = secp521r1\n";
    postfix_with(
        rare,
        &[("VERSIONS", "no_tls13", ""), ("GROUPS", "unusual_group", ""), ("SUITES", "weak_cipher", "")],
    );
}

#[test]
fn dovecot() {
    let (Some(program), Some(test)) = (peer("dovecot"), mail_folder()) else { return };
    if !std::path::Path::new("/usr/lib/dovecot/imap-login").exists() {
        return skip("dovecot-imapd");
    }
    let place = test.folder().display().to_string();
    let template = format!(
        "base_dir = {place}/run\nlog_path = /dev/stderr\nprotocols = imap\nlisten = 127.0.0.1\nssl = yes\n\
         ssl_cert = <{place}/chain.pem\nssl_key = <{place}/server.key\nVERSIONS\nSUITES\nGROUPS\n\
         passdb {{\n  driver = static\n  args = nopassword=y\n}}\n\
         service imap-login {{\n  chroot =\n  service_count = 0\n  inet_listener imap {{\n    port = PORT\n  }}\n  \
         inet_listener imaps {{\n    port = 0\n  }}\n}}\n"
    );
    let command = words(&format!("{} -F -c FILE", program.display()));
    let mut server = Configured::of_files(&test, Some("dovecot"), command, vec![("front.conf", template)]);
    server.starttls = Some("imap");
    let suites = format!("ssl_cipher_list = {OLD_SUITES}");
    mends(
        &server,
        &[("VERSIONS", "old_protocol", "ssl_min_protocol = TLSv1"), ("SUITES", "weak_cipher", &suites)],
    );
    mends(&server, &[("GROUPS", "unusual_group", "ssl_curve_list = P-521")]);
}
