//! Hooks that were written for other ACME clients, against Pebble, with BIND behind them.

use std::fs::{self, Permissions, set_permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::{Ran, Test, certkit};
use crate::named::{Named, SECRET};
use crate::pebble::{Pebble, add_name};
use crate::peers::peer;
use crate::process::{Process, free_port};
use crate::testing::write_program;

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];

/// A name server, and Pebble that asks it.
struct Servers<'a> {
    test: &'a Test,
    named: Named<'a>,
    pebble: Pebble<'a>,
    nsupdate: PathBuf,
}

impl<'a> Servers<'a> {
    #[track_caller]
    fn start(test: &'a Test) -> Option<Self> {
        let nsupdate = peer("nsupdate")?;
        let named = Named::start(test)?;
        let pebble = Pebble::start_asking(test, QUIET, &[], Some(named.port))?;
        Some(Self { test, named, pebble, nsupdate })
    }

    /// A line of shell that adds or deletes the record `$fqdn` with the text `$value`.
    fn update(&self, what: &str) -> String {
        format!(
            "printf 'server 127.0.0.1 {}\\nzone dyn.test\\nupdate {what} %s 60 TXT \"%s\"\\nsend\\n' \
             \"$fqdn\" \"$value\" | {} -y hmac-sha256:acme:{SECRET}",
            self.named.port,
            self.nsupdate.display()
        )
    }

    fn obtain(&self, args: &[&str]) -> Ran {
        let resolver = format!("--dns-resolver=127.0.0.1:{}", self.named.port);
        self.pebble.obtain_by(&[args, &[&resolver]].concat())
    }

    /// A file that only its owner may read.
    fn secrets(&self, text: &str) -> &'static str {
        self.test.write("secrets.toml", text);
        set_permissions(self.test.path("secrets.toml"), Permissions::from_mode(0o600)).unwrap();
        "secrets.toml"
    }

    /// Renews in another folder with what is kept.
    fn renew(&self) -> Ran {
        let state = format!("--state={}", self.test.path("state").display());
        let program = self.test.program("sh").args(["-c", "cd / && exec \"$0\" \"$@\""]).args([certkit()]);
        program.args(["acme", "renew", "--force", &state]).run()
    }
}

/// The lines of a hook's log.
fn calls(test: &Test) -> Vec<String> {
    fs::read_to_string(test.path("hook.log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_program_for_lego_sets_the_record() {
    let test = Test::new();
    let Some(servers) = Servers::start(&test) else { return };
    let log = test.path("hook.log");
    let script = format!(
        "#!/bin/sh\nset -e\necho \"$1 $2 $ZONE_KEY\" >> {}\nfqdn=$2 value=$3\ncase $1 in\npresent) {} ;;\n\
         cleanup) {} ;;\nesac\n",
        log.display(),
        servers.update("add"),
        servers.update("delete")
    );
    write_program(&test.path("update-dns.sh"), &script);
    let secrets = servers.secrets("ZONE_KEY = \"tops3cret\"\n");
    let hook = ["--dns-hook", "lego:./update-dns.sh", "--dns-credentials", secrets];
    servers
        .obtain(&[&["*.a.dyn.test", "a.dyn.test"], &hook[..]].concat())
        .exits(0)
        .says("the name server of dyn.test shows the TXT record");
    assert_eq!(servers.named.changes(), (2, 2));
    let present = "present _acme-challenge.a.dyn.test. tops3cret";
    let cleanup = present.replace("present", "cleanup");
    assert_eq!(calls(&test), [present, present, &cleanup, &cleanup]);

    // The next run may start elsewhere; the secret itself is not kept.
    add_name(&test, "_.a.dyn.test", "new.a.dyn.test");
    servers.renew().exits(0);
    let (set, removed) = servers.named.changes();
    assert!(set > 2 && removed == set, "{set} set, {removed} removed");
    let present = "present _acme-challenge.new.a.dyn.test. tops3cret";
    assert!(calls(&test).iter().any(|call| call == present), "{:?}", calls(&test));
    let record = test.text("state/certs/_.a.dyn.test/renew.json");
    assert!(record.contains("lego:/") && !record.contains("tops3cret"), "{record}");

    // A CNAME leads to the zone that takes updates.
    servers.obtain(&[&["b.test"], &hook[..]].concat()).exits(0);
    assert!(calls(&test).contains(&"present b.dyn.test. tops3cret".to_owned()), "{:?}", calls(&test));
}

#[test]
fn a_server_for_legos_httpreq_sets_the_record() {
    let test = Test::new();
    let (Some(servers), Some(python)) = (Servers::start(&test), peer("python3")) else { return };
    let port = free_port();
    let script = format!(
        "import base64, http.server, json, subprocess\n\
         class Handler(http.server.BaseHTTPRequestHandler):\n\
         \x20   def do_POST(self):\n\
         \x20       user = base64.b64encode(b'me:tops3cret').decode()\n\
         \x20       fine = self.headers['Authorization'] == 'Basic ' + user\n\
         \x20       sent = json.loads(self.rfile.read(int(self.headers['Content-Length'])))\n\
         \x20       verb = {{'/dns/present': 'add', '/dns/cleanup': 'delete'}}.get(self.path)\n\
         \x20       if fine and verb and sorted(sent) == ['fqdn', 'value']:\n\
         \x20           line = 'server 127.0.0.1 {}\\nzone dyn.test\\nupdate %s %s 60 TXT \"%s\"\\nsend\\n'\n\
         \x20           line %= (verb, sent['fqdn'], sent['value'])\n\
         \x20           subprocess.run(['{}', '-y', 'hmac-sha256:acme:{SECRET}'], input=line, text=True, check=True)\n\
         \x20       self.send_response(200 if fine else 403)\n\
         \x20       self.end_headers()\n\
         \x20       self.wfile.write(b'no entry with ' + self.headers.get('Authorization', '-').encode())\n\
         http.server.HTTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n",
        servers.named.port,
        servers.nsupdate.display()
    );
    test.write("server.py", script);
    let mut server = Process::start(&test, test.program(python).args(["server.py"]));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let hook = format!("httpreq:http://127.0.0.1:{port}/dns/");

    let obtain = |password: &str| {
        let text = format!("HTTPREQ_USERNAME = \"me\"\nHTTPREQ_PASSWORD = \"{password}\"\n");
        let secrets = servers.secrets(&text);
        servers.obtain(&["a.dyn.test", "*.a.dyn.test", "--dns-hook", &hook, "--dns-credentials", secrets])
    };
    // The server repeats what it was sent, in base64.
    obtain("guessed").exits(1).says("403").says("Basic ***").keeps_quiet_about("guessed");
    assert_eq!(servers.named.changes(), (0, 0));
    obtain("tops3cret").exits(0);
    assert_eq!(servers.named.changes(), (2, 2));
}

/// The folder of acme.sh that `CERTKIT_ACMESH` names, or one with as much of it as a script needs.
fn acme_sh(test: &Test) -> PathBuf {
    if let Some(folder) = std::env::var_os("CERTKIT_ACMESH") {
        return folder.into();
    }
    test.write(
        "acmesh/acme.sh",
        "#!/usr/bin/env sh\n\
         _exists() { command -v \"$1\" > /dev/null 2>&1; }\n\
         _info() { echo \"$*\"; }\n_debug() { :; }\n_err() { echo \"$*\" >&2; }\n\
         _initpath() {\n\
         \x20 ACCOUNT_CONF_PATH=$LE_CONFIG_HOME/account.conf\n\
         \x20 [ ! -f \"$ACCOUNT_CONF_PATH\" ] || . \"$ACCOUNT_CONF_PATH\"\n}\n\
         _readaccountconf_mutable() { eval \"printf %s \\\"\\$SAVED_$1\\\"\"; }\n\
         _saveaccountconf_mutable() { echo \"SAVED_$1='$2'\" >> \"$ACCOUNT_CONF_PATH\"; }\n\
         main() { [ -z \"$1\" ] && _info usage && return; \"$@\"; }\n\
         main \"$@\"\n",
    );
    test.path("acmesh")
}

#[test]
fn a_script_for_acme_sh_sets_the_record() {
    let test = Test::new();
    let Some(servers) = Servers::start(&test) else { return };
    let home = acme_sh(&test);
    let script = format!(
        "#!/usr/bin/env sh\n\
         dns_certkittest_add() {{\n\
         \x20 fqdn=$1 value=$2\n\
         \x20 TEST_Token=\"${{TEST_Token:-$(_readaccountconf_mutable TEST_Token)}}\"\n\
         \x20 if [ \"$TEST_Token\" != tops3cret ]; then\n\
         \x20   _err \"TEST_Token is not set\"\n\
         \x20   return 1\n\
         \x20 fi\n\
         \x20 _saveaccountconf_mutable TEST_Token \"$TEST_Token\"\n\
         \x20 _info \"adding $fqdn\"\n\
         \x20 {}\n}}\n\
         dns_certkittest_rm() {{\n\x20 fqdn=$1 value=$2\n\x20 {}\n}}\n",
        servers.update("add"),
        servers.update("delete")
    );
    // acme.sh takes scripts of the user's own from its folder of configuration.
    test.write("config/dns_certkittest.sh", script);
    fs::copy(home.join("acme.sh"), test.path("config/acme.sh")).unwrap();
    let hook = format!("acmesh:{}", test.path("config/dns_certkittest.sh").display());
    let obtain = |name: &str, secrets: &[&str]| {
        let resolver = format!("--dns-resolver=127.0.0.1:{}", servers.named.port);
        let program = test.program(certkit()).env("LE_CONFIG_HOME", test.path("config"));
        let program = program.args(["acme", "obtain", "--agree-tos", name, "--dns-hook", &hook, &resolver]);
        program.args(secrets).args(servers.pebble.server_args()).run()
    };
    obtain("a.dyn.test", &[]).exits(1).says("TEST_Token is not set").says("dns_certkittest.sh present");
    let secrets = servers.secrets("TEST_Token = \"tops3cret\"\n");
    obtain("a.dyn.test", &["--dns-credentials", secrets]).exits(0);
    // From now on it has the token from its own configuration.
    obtain("*.b.dyn.test", &[]).exits(0);
    // Cleaned up after the failure, too.
    assert_eq!(servers.named.changes(), (2, 3));
}

#[test]
fn a_script_that_comes_with_acme_sh_sets_the_record() {
    let test = Test::new();
    let Some(home) = std::env::var_os("CERTKIT_ACMESH").map(PathBuf::from) else {
        eprintln!("skipped: CERTKIT_ACMESH does not name the folder of acme.sh");
        return;
    };
    let Some(servers) = Servers::start(&test) else { return };
    test.write("update.key", format!("key \"acme\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n"));
    let secrets = servers.secrets(&format!(
        "NSUPDATE_SERVER = \"127.0.0.1\"\nNSUPDATE_SERVER_PORT = {}\nNSUPDATE_ZONE = \"dyn.test\"\n\
         NSUPDATE_KEY = \"{}\"\nLE_CONFIG_HOME = \"{}\"\n",
        servers.named.port,
        test.path("update.key").display(),
        test.path("config").display()
    ));
    fs::create_dir(test.path("config")).unwrap();
    let hook = format!("acmesh:{}", home.join("dnsapi/dns_nsupdate.sh").display());
    servers.obtain(&["a.dyn.test", "--dns-hook", &hook, "--dns-credentials", secrets]).exits(0);
    servers.renew().exits(0);
    // acme.sh's script deletes the whole set.
    assert_eq!(servers.named.changes().0, 2);
}

#[test]
fn hooks_for_certbot_set_the_record() {
    let test = Test::new();
    let Some(servers) = Servers::start(&test) else { return };
    let log = test.path("hook.log");
    let log = log.display();
    let names = "fqdn=_acme-challenge.$CERTBOT_DOMAIN value=$CERTBOT_VALIDATION";
    write_program(
        &test.path("auth"),
        &format!(
            "#!/bin/sh\nset -e\n{names}\n{}\necho \"auth $CERTBOT_DOMAIN $CERTBOT_REMAINING_CHALLENGES \
             $CERTBOT_ALL_DOMAINS\" >> {log}\necho \"record of $CERTBOT_DOMAIN\"\necho noise >&2\n",
            servers.update("add")
        ),
    );
    write_program(
        &test.path("cleanup"),
        &format!(
            "#!/bin/sh\nset -e\n{names}\n{}\necho \"cleanup $CERTBOT_DOMAIN $CERTBOT_AUTH_OUTPUT\" >> {log}\n",
            servers.update("delete")
        ),
    );
    servers.obtain(&["a.dyn.test", "b.dyn.test", "--dns-hook", "certbot:./auth,./cleanup"]).exits(0);
    let mut calls = calls(&test);
    // Which name comes first is the server's choice.
    assert!(calls[0].starts_with("auth ") && calls[0].contains(" 1 "), "{calls:?}");
    assert!(calls[1].starts_with("auth ") && calls[1].contains(" 0 "), "{calls:?}");
    calls.sort();
    assert_eq!(
        calls[2..],
        ["cleanup a.dyn.test record of a.dyn.test", "cleanup b.dyn.test record of b.dyn.test"]
    );
    assert_eq!(servers.named.changes(), (2, 2));
}

#[test]
fn a_record_that_no_name_server_shows_is_not_told_to_the_server() {
    let test = Test::new();
    let Some(servers) = Servers::start(&test) else { return };
    servers
        .obtain(&["a.dyn.test", "--dns-hook", "lego:true", "--dns-wait", "1"])
        .exits(75)
        .says("waiting for the TXT record: 0 of 1 name servers of dyn.test show it")
        .says("no name server of dyn.test shows it after 1 s (ns.dyn.test)");
    assert_eq!(servers.pebble.logged("Pulled a task"), 0, "the server validated");
    let script = format!("#!/bin/sh\nfqdn=$2 value=$3\n[ $1 = cleanup ] || {}\n", servers.update("add"));
    write_program(&test.path("hook"), &script);
    servers.obtain(&["a.dyn.test", "--dns-hook", "lego:./hook"]).exits(0).says("an earlier run");
    assert_eq!((servers.pebble.orders(), servers.pebble.certificates()), (1, 1));
}

#[test]
fn a_hook_of_another_client_that_cannot_be_used_costs_no_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let requests = pebble.requests();
    for (hook, why) in [
        ("lego:./missing", "does not exist"),
        ("httpreq:ftp://a.test", "not the address of a server"),
        ("httpreq:https://me:tops3cret@a.test", "HTTPREQ_PASSWORD"),
        ("httpreq:https://a.test/?key=tops3cret", "it has a query"),
        ("acmesh:/no/such/dns_x.sh", "acme.sh is not installed"),
        ("certbot:./missing,true", "does not exist"),
    ] {
        let refused = pebble.obtain_by(&["a.test", "--dns-hook", hook]).exits(2).says(why);
        refused.says("nothing was ordered").keeps_quiet_about("tops3cret");
    }
    test.write("secrets.toml", "TOKEN = \"tops3cret\"\n");
    let path = test.path("secrets.toml");
    set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let hook = ["a.test", "--dns-hook", "lego:true", "--dns-credentials", "secrets.toml"];
    pebble.obtain_by(&hook).exits(2).says("others may read it").says("chmod 600 secrets.toml");
    set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    test.write("secrets.toml", "TOKEN = tops3cret\n");
    pebble.obtain_by(&hook).exits(2).says("line 1").keeps_quiet_about("tops3cret");
    let plain = ["a.test", "--http", "--dns-credentials", "secrets.toml"];
    pebble.obtain_by(&plain).exits(2).says("--dns-credentials needs");
    assert_eq!(pebble.requests(), requests);
}
