//! Who trusts a CA after `trust install`, and who after `trust env`: each program with an environment of PATH, HOME and
//! the printed lines, before a server of certkit. docs/trust.md has the same table.

use std::fs;
use std::path::Path;

use crate::harness::{Program, Ran, Test, certkit};
use crate::peers::{not_allowed_here, peer, python};
use crate::process::{Server, free_port};

/// A program that loads something over TLS.
struct Consumer {
    name: &'static str,
    /// A command for sh.
    command: String,
    /// Whether it asks the system.
    by_install: bool,
    /// Whether it reads a variable.
    by_variables: bool,
}

/// A server with a certificate for localhost, and what the programs load from it.
struct Site {
    test: Test,
    server: Server,
    consumers: Vec<Consumer>,
}

impl Site {
    /// Without one of the programs there is none.
    fn new() -> Option<Self> {
        let (curl, wget, openssl, git) = (peer("curl")?, peer("wget")?, peer("openssl")?, peer("git")?);
        let (node, caddy, keytool) = (peer("node")?, peer("caddy")?, peer("keytool")?);
        let python = python(&["ssl", "requests", "httpx", "pip"])?;
        let test = Test::with_certificate("localhost");
        Self::fill(&test, &python, &git);
        let server =
            Server::start(&test, &["--cert", "server.crt", "--key", "server.key", "--static", "/=site"]);
        let url = format!("https://localhost:{}", server.port);
        let [curl, wget, openssl, git, node, caddy, keytool, python] =
            [curl, wget, openssl, git, node, caddy, keytool, python].map(|path| path.display().to_string());
        let consumer = |name, command: String, by_install, by_variables| Consumer {
            name,
            command,
            by_install,
            by_variables,
        };
        let caddy_port = free_port();
        test.write(
            "Caddyfile",
            format!("{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{caddy_port} {{\n reverse_proxy {url}\n}}\n"),
        );
        let mut consumers = vec![
            consumer("curl", format!("{curl} -sSf {url}/page.txt"), true, true),
            // Linked with GnuTLS it reads no variable.
            consumer("wget", format!("{wget} -nv -O - {url}/page.txt"), true, false),
            consumer(
                "openssl s_client",
                format!(
                    "{openssl} s_client -connect localhost:{} -verify_hostname localhost -verify_return_error </dev/null",
                    server.port
                ),
                true,
                true,
            ),
            consumer(
                "Python's ssl",
                format!("{python} -c 'import urllib.request as r; r.urlopen(\"{url}/page.txt\")'"),
                true,
                true,
            ),
            consumer(
                "requests",
                format!("{python} -c 'import requests; requests.get(\"{url}/page.txt\").raise_for_status()'"),
                false,
                true,
            ),
            consumer(
                "httpx",
                format!("{python} -c 'import httpx; httpx.get(\"{url}/page.txt\").raise_for_status()'"),
                false,
                true,
            ),
            consumer(
                "Node.js",
                format!(
                    "{node} -e 'require(\"https\").get(\"{url}/page.txt\", a => process.exit(a.statusCode == 200 ? 0 : 1))'"
                ),
                false,
                true,
            ),
            // A server in Go as a client of this one.
            consumer(
                "Go (Caddy)",
                format!(
                    "{caddy} run --config Caddyfile & caddy=$!; for try in $(seq 300); do \
                     status=$({curl} -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{caddy_port}/page.txt); \
                     test \"$status\" != 000 && break; kill -0 $caddy || break; sleep 0.1; done; kill $caddy; wait $caddy; test \"$status\" = 200"
                ),
                true,
                true,
            ),
            // keytool loads a revocation list as any Java program loads a page.
            consumer("Java", format!("{keytool} -printcrl -file {url}/list.crl"), true, true),
            consumer("git", format!("{git} ls-remote {url}/repository.git"), true, true),
            // Before 24.2 it trusts certifi alone; later ones ask the system.
            consumer(
                "pip",
                format!(
                    "PIP_CONFIG_FILE=/dev/null {python} -m pip --disable-pip-version-check download --no-cache-dir --no-deps \
                     --retries 0 -d downloads --index-url {url}/simple/ probe"
                ),
                is_new_pip(&test, &python),
                true,
            ),
        ];
        let npm = Path::new(&node).with_file_name("npm");
        if npm.exists() {
            test.write("empty.npmrc", "");
            test.write("global.npmrc", "");
            test.write("system.npmrc", "cafile=/etc/ssl/certs/ca-certificates.crt\n");
            let view = |settings: &str| {
                format!(
                    "{} view probe version --fetch-retries 0 --cache npm-$$ --registry {url}/npm/ --globalconfig global.npmrc \
                     --userconfig {settings}",
                    npm.display()
                )
            };
            consumers.push(consumer("npm", view("empty.npmrc"), false, true));
            consumers.push(consumer("npm with a cafile", view("system.npmrc"), true, true));
        } else {
            eprintln!("npm is not installed beside node, and is left out");
        }
        Some(Self { test, server, consumers })
    }

    /// The files that are served: a page, a list, a repository, a package for pip and one for npm.
    fn fill(test: &Test, python: &Path, git: &Path) {
        test.write("site/page.txt", "hello\n");
        test.certkit(&["crl", "-o", "site/list.crl"]).exits(0);
        test.run(git, &["init", "-q", "--bare", "site/repository.git"]).exits(0);
        test.run(git, &["-C", "site/repository.git", "update-server-info"]).exits(0);
        test.write("site/npm/probe", r#"{"name":"probe","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"probe","version":"1.0.0"}}}"#);
        let wheel = "import os, zipfile\n\
            os.makedirs('site/simple/probe')\n\
            name = 'probe-1.0-py3-none-any.whl'\n\
            with zipfile.ZipFile('site/simple/probe/' + name, 'w') as wheel:\n    \
                for file, text in {\n        \
                    'probe-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: probe\\nVersion: 1.0\\n',\n        \
                    'probe-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',\n        \
                    'probe-1.0.dist-info/RECORD': '',\n    \
                }.items():\n        wheel.writestr(file, text)\n\
            open('site/simple/probe/index.html', 'w').write(f'<!doctype html><a href=\"{name}\">{name}</a>')\n";
        test.write("wheel.py", wheel);
        test.run(python, &["wheel.py"]).exits(0);
    }

    /// Runs a consumer with PATH, HOME and these lines of sh, in front of which `program` stands.
    fn ask(&self, program: Program<'_>, lines: &str, consumer: &Consumer) -> Ran {
        let home = format!("HOME={}", self.test.home().display());
        let path = self.test.environment().into_iter().find(|(name, _)| name == "PATH").unwrap().1;
        let path = format!("PATH={}", path.to_string_lossy());
        let script = format!("{lines}\n{}", consumer.command);
        program.args(["env", "-i", &path, &home, "sh", "-c", &script]).run()
    }

    /// Every consumer must be in the state that `expected` says.
    #[track_caller]
    fn all<'a>(
        &'a self,
        program: impl Fn() -> Program<'a>,
        lines: &str,
        expected: impl Fn(&Consumer) -> bool,
    ) {
        for consumer in &self.consumers {
            let ran = self.ask(program(), lines, consumer);
            let (expected, said) = (expected(consumer), ran.all());
            assert_eq!(ran.succeeded(), expected, "{} with {lines:?}: {said}", consumer.name);
            // It must be the certificate that fails, and not something else.
            let words = ["certificate", "Certificate", "PKIX", "SSL", "502", "SELF_SIGNED"];
            let is_known =
                expected || consumer.name.starts_with("Go") || words.iter().any(|word| said.contains(word));
            assert!(is_known, "{}: {said}", consumer.name);
        }
        assert!(self.server.process.id() > 0);
    }
}

fn is_new_pip(test: &Test, python: &str) -> bool {
    let code = "import pip, sys; sys.exit(tuple(map(int, pip.__version__.split('.')[:2])) < (24, 2))";
    test.run(python, &["-c", code]).succeeded()
}

/// Without the system's store: everything that reads a variable.
#[test]
fn variables_alone() {
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    let plain = || test.program("env");
    site.all(plain, "", |_| false);
    // The line that is documented, in a shell; and its words without quotes, which many forget.
    let program = certkit().display().to_string();
    for eval in [format!("eval \"$({program} trust env)\""), format!("eval $({program} trust env -q)")] {
        site.all(plain, &eval, |consumer| consumer.by_variables);
    }
    let dotenv = test.certkit(&["trust", "env", "--shell", "dotenv"]).exits(0).stdout();
    let exported = format!("set -a\n{dotenv}\nset +a");
    site.all(plain, &exported, |consumer| consumer.by_variables);
}

/// In a mount namespace of its own, whose /etc/ssl and local certificates are copies, the system's store is changed for
/// real.
#[test]
fn the_system_and_variables() {
    let (Some(unshare), Some(_)) = (peer("unshare"), peer("update-ca-certificates")) else { return };
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    let inside = || {
        let user: &[&str] =
            if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
        let script = "mount --bind machine/ssl /etc/ssl && mount --bind machine/local /usr/local/share/ca-certificates && \
                      exec \"$@\"";
        test.program(&unshare).args(user).args(["--mount", "sh", "-ec", script, "sh"])
    };
    let copy =
        "mkdir machine && cp -a /etc/ssl machine/ssl && cp -a /usr/local/share/ca-certificates machine/local";
    test.run("sh", &["-c", copy]);
    if !inside().args(["true"]).run().succeeded() {
        return not_allowed_here("a mount namespace");
    }
    let program = certkit().display().to_string();
    let stores = ["--store", "system", "--store", "java"];
    inside().args([&program, "trust", "install"]).args(stores).run().exits(0);
    assert!(
        !Path::new("/usr/local/share/ca-certificates").join(anchor(test)).exists(),
        "the real one is untouched"
    );
    site.all(inside, "", |consumer| consumer.by_install);
    let lines =
        inside().args([&program, "trust", "env"]).run().exits(0).says("/etc/ssl/certs/ca-certificates.crt");
    let lines = lines.keeps_quiet_about("JAVA_TOOL_OPTIONS").stdout();
    site.all(inside, &lines, |_| true);
    inside().args([&program, "trust", "uninstall"]).args(stores).run().exits(0);
    site.all(inside, "", |_| false);

    // What a Dockerfile says, done here.
    let text = inside().args([&program, "trust", "env", "--shell", "dockerfile"]).run().exits(0).stdout();
    let copied = format!("/usr/local/share/ca-certificates/{}", anchor(test));
    assert!(text.contains(&format!("COPY [\"ca.crt\", \"{copied}\"]\n")), "{text}");
    let run: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("RUN ")).collect();
    assert_eq!(run.len(), 2, "{text}");
    let steps = format!("cp ca.crt {copied}\n{}", run.join("\n"));
    inside().args(["sh", "-ec", &steps]).run().exits(0);
    let settings = text.split_once("ENV ").unwrap().1.replace("\\\n", "");
    site.all(inside, &format!("export {settings}"), |_| true);
}

/// The name of the CA's file in the system's store.
fn anchor(test: &Test) -> String {
    let shown = test.certkit(&["show", "ca.crt", "--format", "json"]).exits(0).report();
    format!("certkit-{}.crt", &shown["items"][0]["sha256"].as_str().unwrap()[..16])
}

#[test]
fn a_bundle_has_the_public_roots_and_is_kept_current() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkca", "-o", "public"]).exits(0);
    let bundle = "image/etc/ssl/certs/ca-certificates.crt";
    let env = || test.certkit(&["trust", "env", "--root", "image", "--format", "json"]);
    // Without public roots the variables that replace them would cut their readers off.
    fs::create_dir(test.path("image")).unwrap();
    let report = env().exits(2).report();
    let names = |report: &serde_json::Value| report["variables"].as_array().unwrap().len();
    assert_eq!((names(&report), &report["variables"][0]["effect"]), (1, &"adds".into()), "{report}");
    assert_eq!(report["errors"][0]["code"], "trust_store");

    for roots in
        [test.text("public/ca.crt"), format!("# two\n{0}\n{0}", test.text("public/ca.crt").trim_end())]
    {
        test.write(bundle, &roots);
        let report = env().exits(0).report();
        let variable = &report["variables"][1];
        assert_eq!((&variable["name"], &variable["effect"]), (&"SSL_CERT_FILE".into(), &"replaces".into()));
        let file = variable["value"].as_str().unwrap().to_owned();
        assert!(file.starts_with(&test.home().join("data/certkit/trust").display().to_string()), "{file}");
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            format!("{}\n{}", roots.trim_end(), test.text("ca.crt"))
        );
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        env().exits(0);
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before, "not written again");
    }
    test.write(bundle, test.text("public/ca.crt") + &test.text("ca.crt"));
    assert_eq!(env().exits(0).report()["variables"][1]["value"], bundle, "the system's own has it");
}

#[test]
fn only_a_root_and_only_where_it_can_be_written() {
    let test = Test::with_certificate("test.example");
    test.certkit(&["trust", "env", "server.crt"]).exits(2).says("not_a_ca");
    test.write("image/etc/ssl/certs/ca-certificates.crt", "# none\n");
    test.write("data", "a file");
    let args = ["trust", "env", "--root", "image"];
    let ran = test.program(certkit()).args(args).env("XDG_DATA_HOME", test.path("data")).run().exits(2);
    assert_eq!(ran.stdout(), "", "nothing for eval");
}

/// The lines reach a shell as they are meant, whatever is in a path.
#[test]
fn odd_paths_are_quoted() {
    let test = Test::new();
    let folder = "it's a $HOME \"CA\"";
    test.certkit(&["mkca", "-o", folder]).exits(0);
    test.write("image/etc/ssl/certs/ca-certificates.crt", "# none\n");
    let ca = format!("{folder}/ca.crt");
    let path = fs::canonicalize(test.path(&ca)).unwrap().display().to_string();
    let lines = test.certkit(&["trust", "env", &ca, "--root", "image"]).exits(0).stdout();
    let show = |lines: &str| {
        test.run("sh", &["-c", &format!("{lines}\nprintf %s \"$NODE_EXTRA_CA_CERTS\"")]).exits(0).stdout()
    };
    assert_eq!(show(&lines), path);
    let dotenv =
        test.certkit(&["trust", "env", &ca, "--root", "image", "--shell", "dotenv"]).exits(0).stdout();
    assert_eq!(show(&dotenv), path);
    // In PowerShell only a quote ends the text, and two of them are one.
    let args = ["trust", "env", &ca, "--root", "image", "--shell", "powershell"];
    let powershell = test.certkit(&args).exits(0).stdout();
    let line = format!("$env:NODE_EXTRA_CA_CERTS = '{}'", path.replace('\'', "''"));
    assert_eq!(powershell.lines().next(), Some(&*line), "{powershell}");
    assert!(powershell.lines().all(|line| line.starts_with("$env:") && line.ends_with('\'')), "{powershell}");
    let docker = test.certkit(&["trust", "env", &ca, "--shell", "dockerfile"]).exits(0).stdout();
    assert!(docker.contains("COPY [\"ca.crt\", "), "{docker}");
}

/// Node.js and Docker's base images read PEM only, whatever form the CA's file has.
#[test]
fn a_ca_in_der_is_written_in_pem() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["convert", "ca.crt", "--to", "der", "-o", "ca.der"]).exits(0);
    test.write("image/etc/ssl/certs/ca-certificates.crt", "# none\n");
    let stem = anchor(&test);
    let report = test.certkit(&["trust", "env", "ca.der", "--root", "image", "--format", "json"]);
    let file = report.exits(0).report()["variables"][0]["value"].as_str().unwrap().to_owned();
    assert!(file.ends_with(&format!("/trust/{stem}")), "{file}");
    assert_eq!(fs::read_to_string(&file).unwrap(), test.text("ca.crt"));
    let lines = test.certkit(&["trust", "env", "ca.der", "--shell", "dockerfile"]).exits(0).stdout();
    assert!(lines.starts_with(&format!("# {file}: ")), "{lines}");
    assert!(lines.contains(&format!("COPY [\"{stem}\", ")), "{lines}");
}

/// The bundle of a company that variables name already is in what replaces it, or a warning names the variable.
#[test]
fn bundles_that_variables_name_are_kept() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkca", "-o", "corporate"]).exits(0);
    let (corporate, none) = (test.path("corporate/ca.crt"), test.path("none.pem"));
    let env = |requests: &Path| {
        let program = test.program(certkit()).args(["trust", "env", "--format", "json"]);
        let program = program.env("REQUESTS_CA_BUNDLE", requests).env("PIP_CERT", &none);
        let report = program.run().report();
        let variables = report["variables"].as_array().unwrap();
        let of =
            |name: &str| variables.iter().find(|one| one["name"] == name).map(|one| one["value"].clone());
        let requests = of("REQUESTS_CA_BUNDLE").unwrap().as_str().unwrap().to_owned();
        (requests, of("PIP_CERT").is_some(), report["warnings"].to_string())
    };
    let (bundle, has_roots, warnings) = env(&corporate);
    assert_eq!(fs::read_to_string(&bundle).unwrap(), test.text("corporate/ca.crt") + &test.text("ca.crt"));
    assert_eq!(warnings.contains("PIP_CERT"), has_roots, "{warnings}");
    assert!(!warnings.contains("REQUESTS_CA_BUNDLE"), "{warnings}");
    assert_eq!(env(Path::new(&bundle)).0, bundle, "nothing is added twice");
}
