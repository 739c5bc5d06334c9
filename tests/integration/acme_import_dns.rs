//! `certkit acme import`: certbot's plugins for DNS providers, its folder of hooks, and what clients keep of signing
//! requests. The folders are made by the real certbot; the settings of plugins are as certbot writes them.

use std::fs::{self, Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::acme_import::lego_folder;
use crate::harness::{Ran, Test};
use crate::named::{Named, SECRET};
use crate::pebble::{Pebble, add_name};
use crate::peers::peer;
use crate::testing::write_program;

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];
const CONF: &str = "letsencrypt/renewal/a.dyn.test.conf";

/// Runs certbot with `letsencrypt` as its folder.
#[track_caller]
fn certbot(test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Option<()> {
    let certbot = peer("certbot")?;
    test.program(certbot)
        .args(["certonly", "-n", "--agree-tos", "-m", "me@example.org", "--server", &pebble.directory()])
        .args(["--config-dir", "letsencrypt", "--work-dir", "work", "--logs-dir", "logs"])
        .args(args)
        .env("REQUESTS_CA_BUNDLE", pebble.https_ca())
        .patiently(3)
        .run()
        .exits(0);
    Some(())
}

/// A certificate of certbot for a.dyn.test, by hooks that set records at `named`.
#[track_caller]
fn by_hooks(test: &Test, pebble: &Pebble<'_>, named: &Named<'_>) -> Option<()> {
    let nsupdate = peer("nsupdate")?;
    let script = format!(
        "#!/bin/sh\nprintf 'server 127.0.0.1 {}\\nzone dyn.test\\nupdate %s _acme-challenge.%s. 60 TXT \"%s\"\\nsend\\n' \
         \"$1\" \"$CERTBOT_DOMAIN\" \"$CERTBOT_VALIDATION\" | {} -y hmac-sha256:acme:{SECRET}\n",
        named.port,
        nsupdate.display()
    );
    write_program(&test.path("hook"), &script);
    let hook = |verb| format!("{} {verb}", test.path("hook").display());
    let hooks = ["--manual-auth-hook", &hook("add"), "--manual-cleanup-hook", &hook("delete")];
    let args = ["--manual", "--preferred-challenges", "dns", "-d", "a.dyn.test"];
    certbot(test, pebble, &[&args[..], &hooks].concat())
}

fn import(test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Ran {
    let ca = pebble.https_ca().display().to_string();
    test.certkit(&[&["acme", "import", "letsencrypt", "--state", "state", "--ca-roots", &ca], args].concat())
}

/// Puts a plugin's settings in the place of the hooks in the settings of the renewal.
fn with_plugin(test: &Test, plugin: &str, lines: &str) {
    let conf =
        test.text(CONF).replace("authenticator = manual", &format!("authenticator = {plugin}\n{lines}"));
    let is_of_hooks = |line: &&str| line.starts_with("manual_") || line.starts_with("pref_challs");
    let kept: Vec<_> = conf.lines().filter(|line| !is_of_hooks(line)).collect();
    test.write(CONF, kept.join("\n") + "\n");
}

fn secret(test: &Test, name: &str, text: &str) -> String {
    test.write(name, text);
    set_permissions(test.path(name), Permissions::from_mode(0o600)).unwrap();
    test.path(name).display().to_string()
}

#[test]
fn dynamic_updates_of_certbots_plugin_go_on() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    let Some(()) = by_hooks(&test, &pebble, &named) else { return };
    let text = format!(
        "# Target DNS server\ndns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = {}\ndns_rfc2136_name = acme\n\
         dns_rfc2136_secret = {SECRET}\ndns_rfc2136_algorithm = HMAC-SHA256\n",
        named.port
    );
    let file = secret(&test, "rfc2136.ini", &text);
    with_plugin(
        &test,
        "dns-rfc2136",
        &format!("dns_rfc2136_credentials = {file}\ndns_rfc2136_propagation_seconds = 5"),
    );

    let dry = import(&test, &pebble, &["--dry-run", "--format", "json"]).exits(0).report();
    assert!(!test.path("state").exists(), "a dry run writes nothing");
    let report = import(&test, &pebble, &["--format", "json"]).exits(0).report();
    let certificate = &report["certificates"][0];
    assert_eq!((&certificate["state"], &certificate["challenge"]), (&json!("taken"), &json!("dns-01")));
    assert_eq!(certificate["credentials"], dry["certificates"][0]["credentials"]);
    assert_eq!(test.mode("state/credentials/rfc2136.toml") & 0o777, 0o600);
    assert_eq!(test.text("rfc2136.ini"), text, "the old file stays");
    let (before, accounts) = (named.changes(), pebble.accounts());
    add_name(&test, "a.dyn.test", "new.dyn.test");
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0).says("renewed");
    let (set, removed) = named.changes();
    assert!(set > before.0 && set - before.0 == removed - before.1, "{before:?}, then {set} and {removed}");
    assert_eq!(pebble.accounts(), accounts);
    let list = test.certkit(&["acme", "list", "--state", "state"]).exits(0);
    list.keeps_quiet_about(SECRET);
}

#[test]
fn credentials_of_other_plugins_get_certkits_form() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    let Some(()) = by_hooks(&test, &pebble, &named) else { return };
    let made = test.text(CONF);
    let account = json!({"type": "service_account", "project_id": "my-project", "client_email": "me@a.test",
        "private_key": "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"});
    for (plugin, credentials, provider, converted) in [
        (
            "dns-cloudflare",
            "dns_cloudflare_api_token = tok3n # mine\n",
            "cloudflare",
            "api_token = \"tok3n\"\n",
        ),
        ("dns-digitalocean", "dns_digitalocean_token = tok3n\n", "digitalocean", "auth_token = \"tok3n\"\n"),
        (
            "dns-linode",
            "dns_linode_key = tok3n\ndns_linode_version = 4\n",
            "linode",
            "auth_token = \"tok3n\"\n",
        ),
        ("dns-gandi", "dns_gandi_token=tok3n\n", "gandiv5", "personal_access_token = \"tok3n\"\n"),
        (
            "dns-ovh",
            "dns_ovh_endpoint = ovh-eu\ndns_ovh_application_key = a\ndns_ovh_application_secret = b\n\
             dns_ovh_consumer_key = c\n",
            "ovh",
            "endpoint = \"ovh-eu\"\napplication_key = \"a\"\napplication_secret = \"b\"\nconsumer_key = \"c\"\n",
        ),
        (
            "certbot-dns-ionos:dns-ionos",
            "certbot_dns_ionos:dns_ionos_prefix = pre\ncertbot_dns_ionos:dns_ionos_secret = tok3n\n",
            "ionos",
            "api_key = \"pre.tok3n\"\n",
        ),
    ] {
        let name = plugin.rsplit("dns-").next().unwrap();
        let file = secret(&test, "plugin.ini", credentials);
        test.write(CONF, &made);
        with_plugin(&test, plugin, &format!("dns_{name}_credentials = {file}"));
        let ran = import(&test, &pebble, &[]).exits(0);
        ran.says("renews by dns-01")
            .says(&format!("state/credentials/{provider}.toml"))
            .keeps_quiet_about("tok3n");
        assert_eq!(test.text(&format!("state/credentials/{provider}.toml")), converted, "{plugin}");
        let kept: Value = serde_json::from_str(&test.text("state/certs/a.dyn.test/renew.json")).unwrap();
        assert_eq!(kept["challenge"]["dns"]["provider"], provider);
        assert!(!kept.to_string().contains("tok3n"));
        // Once more, and once more after the other client got other ones.
        import(&test, &pebble, &[]).exits(0).says("is here already").keeps_quiet_about("differ");
        secret(&test, "plugin.ini", &credentials.replace("tok3n", "n3wer").replace("= a\n", "= n3wer\n"));
        import(&test, &pebble, &[])
            .exits(0)
            .says(&format!("credentials/{provider}.toml, which renewals use"))
            .says("write them into that file")
            .keeps_quiet_about("n3wer");
        fs::remove_dir_all(test.path("state")).unwrap();
    }
    // Google's file is one of its own, AWS's that of every program for it.
    let file = secret(&test, "google.json", &account.to_string());
    test.write(CONF, &made);
    with_plugin(&test, "dns-google", &format!("dns_google_credentials = {file}"));
    import(&test, &pebble, &[]).exits(0).keeps_quiet_about("BEGIN PRIVATE");
    let google: toml::Table = test.text("state/credentials/googlecloud.toml").parse().unwrap();
    assert_eq!(google["project_id"].as_str(), Some("my-project"));
    assert_eq!(google["service_account_json"].as_str(), Some(account.to_string().as_str()));
    fs::remove_dir_all(test.path("state")).unwrap();
    test.write(CONF, &made);
    with_plugin(&test, "dns-route53", "");
    import(&test, &pebble, &[]).exits(1).says("takes its credentials from the environment or the machine");
    fs::create_dir_all(test.home().join(".aws")).unwrap();
    let aws = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = tok3n\n[other]\naws_access_key_id = X\n";
    fs::write(test.home().join(".aws/credentials"), aws).unwrap();
    import(&test, &pebble, &[]).exits(0).says("state/credentials/route53.toml");
    let text = test.text("state/credentials/route53.toml");
    assert_eq!(text, "access_key_id = \"AKIA\"\nsecret_access_key = \"tok3n\"\n");
}

#[test]
fn a_plugin_without_counterpart_is_named_with_what_to_type() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    let Some(()) = by_hooks(&test, &pebble, &named) else { return };
    let made = test.text(CONF);
    for (plugin, credentials, why) in [
        ("sakuracloud", "dns_sakuracloud_api_token = tok3n\n", "`dns-sakuracloud` has no counterpart"),
        (
            "cloudflare",
            "dns_cloudflare_email = me@a.test\ndns_cloudflare_api_key = tok3n\n",
            "no `dns_cloudflare_api_token`",
        ),
        ("rfc2136", "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_secret = tok3n\n", "hmac-md5"),
    ] {
        let file = secret(&test, "plugin.ini", credentials);
        test.write(CONF, &made);
        with_plugin(&test, &format!("dns-{plugin}"), &format!("dns_{plugin}_credentials = {file}"));
        let ran = import(&test, &pebble, &[]).exits(1);
        ran.says(why).says("--dns PROVIDER --dns-credentials FILE").keeps_quiet_about("tok3n");
        assert!(!test.path("state/credentials").exists());
    }
    // Others may write to it, and would choose who is asked.
    set_permissions(test.path("plugin.ini"), Permissions::from_mode(0o666)).unwrap();
    import(&test, &pebble, &[]).exits(1).says("other users may write to");
    // What it says is done.
    let own = secret(&test, "own.toml", "api_token = \"tok3n\"\n");
    import(&test, &pebble, &["--dns", "cloudflare", "--dns-credentials", &own])
        .exits(0)
        .says("is taken over");
}

#[test]
fn certbots_folder_of_hooks_is_run_where_it_is() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let port = pebble.http_port.to_string();
    let standalone =
        ["--standalone", "--http-01-port", &port, "--http-01-address", "127.0.0.1", "-d", "a.test"];
    let own = ["--pre-hook", "echo own pre >> log", "--deploy-hook", "echo own deploy >> log"];
    let Some(()) = certbot(&test, &pebble, &[&standalone[..], &own].concat()) else { return };
    fs::remove_file(test.path("log")).unwrap();
    for (file, line) in [
        ("pre/10 stop", "echo first pre >> log; exit 1"),
        ("pre/20-other", "echo second pre >> log"),
        ("deploy/copy", "echo \"deploy $RENEWED_DOMAINS ${RENEWED_LINEAGE##*/}\" >> log"),
        ("post/start", "echo post >> log"),
    ] {
        write_program(
            &test.path(format!("letsencrypt/renewal-hooks/{file}")),
            &format!("#!/bin/sh\n{line}\n"),
        );
    }
    for file in ["post/README", "post/.git/HEAD", "deploy/copy~"] {
        test.write(&format!("letsencrypt/renewal-hooks/{file}"), "no program\n");
    }
    test.write("letsencrypt/renewal-hooks/post/forgotten", "#!/bin/sh\n");
    let ran = import(&test, &pebble, &[]).exits(0);
    ran.says("renewal-hooks/post/forgotten is not run")
        .says("Keep that folder")
        .says("runs pre:    '/")
        .keeps_quiet_about("README")
        .keeps_quiet_about(".git")
        .keeps_quiet_about("copy~");
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0);
    let lines = ["first pre", "second pre", "own pre", "post", "deploy a.test a.test", "own deploy"];
    let mut ran: Vec<_> = test.text("log").lines().map(str::to_owned).collect();
    ran.sort_by_key(|line| lines.iter().position(|known| known == line));
    assert_eq!(ran, lines);
    assert!(test.text("log").starts_with("first pre\nsecond pre\nown pre\n"), "{}", test.text("log"));
    // A program that others may write to is not run by root.
    set_permissions(test.path("letsencrypt/renewal-hooks/post/start"), Permissions::from_mode(0o777))
        .unwrap();
    fs::remove_dir_all(test.path("state")).unwrap();
    import(&test, &pebble, &[]).exits(0).says("post/start is not run by certkit: other users may write to");
}

#[test]
fn certbot_keeps_nothing_of_a_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    test.certkit(&["csr", "a.test"]).exits(0);
    let port = pebble.http_port.to_string();
    let standalone = ["--standalone", "--http-01-port", &port, "--http-01-address", "127.0.0.1"];
    let Some(()) = certbot(&test, &pebble, &[&standalone[..], &["--csr", "server.csr"]].concat()) else {
        return;
    };
    assert!(test.path("0000_cert.pem").exists(), "beside the request, and not in its folder");
    let report = import(&test, &pebble, &["--format", "json"]).exits(0).report();
    assert_eq!((&report["accounts"][0]["state"], &report["certificates"]), (&json!("taken"), &json!([])));
    // certkit continues with the request and the account.
    let http = format!("--http=127.0.0.1:{port}");
    let server = format!("--server={}", pebble.directory());
    let ca = format!("--ca-roots={}", pebble.https_ca().display());
    let obtain = ["acme", "obtain", "--csr", "server.csr", "--state", "state", &http, &server, &ca];
    test.certkit(&obtain).exits(0);
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn a_request_of_acme_sh_is_taken_over_and_legos_is_named() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    test.certkit(&["csr", "a.test", "-o", "own.csr"]).exits(0);
    pebble.obtain(&["--csr", "own.csr"]).exits(0);
    for (theirs, ours) in [("fullchain.cer", "fullchain"), ("a.test.cer", "cert")] {
        test.write(&format!("acmesh/a.test/{theirs}"), test.text(&format!("state/live/a.test/{ours}.pem")));
    }
    test.write("acmesh/a.test/a.test.csr", test.text("own.csr"));
    test.write("acmesh/account.conf", "");
    let account = fs::read_dir(test.path("state/accounts")).unwrap().next().unwrap().unwrap().path();
    test.write("acmesh/ca/localhost/dir/account.key", fs::read(account.join("key.pem")).unwrap());
    let conf = format!(
        "Le_Domain='a.test'\nLe_Webroot='no'\nLe_HTTPPort='{}'\nLe_LocalAddress='127.0.0.1'\nLe_API='{}'\n",
        pebble.http_port,
        pebble.directory()
    );
    test.write("acmesh/a.test/a.test.conf", conf);
    fs::remove_dir_all(test.path("state")).unwrap();
    let ca = pebble.https_ca().display().to_string();
    let args = ["acme", "import", "acmesh", "--state", "state", "--ca-roots", &ca, "--format", "json"];
    let report = test.certkit(&args).exits(0).report();
    assert_eq!(
        (&report["certificates"][0]["state"], report["certificates"][0].get("key")),
        (&json!("taken"), None)
    );
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0).says("renewed");
    fs::copy(pebble.write_issuer_root(), test.path("ca.crt")).unwrap();
    test.certkit(&["check", "state/live/a.test/fullchain.pem", "--key", "own.key"]).exits(0);

    let test = Test::new();
    lego_folder(&test, "lego", "b.example.org");
    fs::remove_file(test.path("lego/certificates/b.example.org.key")).unwrap();
    let lego = ["acme", "import", "lego", "--state", "state", "--server", "https://ca.test/dir", "--http"];
    test.certkit(&lego).exits(1).says("certkit acme obtain --csr FILE");
}
