//! `certkit acme import`: the folders of certbot, lego and acme.sh, made by the real programs where they are installed.
//! Renewals continue with the same account.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::pebble::Pebble;
use crate::peers::peer;

fn import(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme", "import", "--state", "state"], args].concat())
}

/// Imports with the CA of this server's https.
fn import_from(pebble: &Pebble<'_>, test: &Test, args: &[&str]) -> Ran {
    let ca = pebble.https_ca().display().to_string();
    import(test, &[&["--ca-roots", ca.as_str()], args].concat())
}

/// Renews all, due or not: with the account that is there, and a chain that holds.
#[track_caller]
fn renews_with_the_same_account(test: &Test, pebble: &Pebble<'_>, names: &[&str]) {
    let before: Vec<_> = names.iter().map(|name| test.text(&format!("state/live/{name}/cert.pem"))).collect();
    let (accounts, certificates) = (pebble.accounts(), pebble.certificates());
    test.certkit(&["acme", "renew", "--state", "state", "--force"]).exits(0);
    assert_eq!(pebble.certificates(), certificates + names.len());
    assert_eq!(pebble.accounts(), accounts, "no new account");
    for (name, before) in names.iter().zip(before) {
        assert_ne!(test.text(&format!("state/live/{name}/cert.pem")), before);
        let chain = format!("state/live/{name}/fullchain.pem");
        let root = pebble.write_issuer_root().display().to_string();
        fs::copy(root, test.path("ca.crt")).unwrap();
        let key = format!("state/live/{name}/privkey.pem");
        test.certkit(&["check", &chain, "--key", &key]).exits(0);
    }
}

fn item<'a>(report: &'a Value, kind: &str, name: &str) -> &'a Value {
    let all = report[kind].as_array().unwrap();
    all.iter().find(|one| one["name"] == name || one["server"] == name).unwrap()
}

/// Gets a certificate with certbot, into `letsencrypt`.
#[track_caller]
fn certbot(test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Option<()> {
    let certbot = peer("certbot")?;
    let directory = pebble.directory();
    let port = pebble.http_port.to_string();
    test.program(certbot)
        .args(["certonly", "-n", "--agree-tos", "-m", "me@example.org", "--server", &directory])
        .args(["--config-dir", "letsencrypt", "--work-dir", "work", "--logs-dir", "logs"])
        .args(["--http-01-port", &port, "--http-01-address", "127.0.0.1"])
        .args(args)
        .env("REQUESTS_CA_BUNDLE", pebble.https_ca())
        .patiently(3)
        .run()
        .exits(0);
    Some(())
}

#[test]
fn certbots_folder_is_taken_over_with_its_rsa_account() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let around = ["--pre-hook", "echo pre >> around", "--post-hook", "echo post >> around"];
    let hook = ["--deploy-hook", "echo $RENEWED_DOMAINS $RENEWED_LINEAGE > deployed"];
    let names = ["--standalone", "-d", "a.test", "-d", "b.test"];
    let Some(()) = certbot(&test, &pebble, &[&names[..], &hook, &around].concat()) else { return };
    certbot(&test, &pebble, &["--standalone", "-d", "c.test", "--key-type", "rsa"]);
    let before = test.text("letsencrypt/renewal/a.test.conf");

    let report =
        import_from(&pebble, &test, &["letsencrypt", "--dry-run", "--format", "json"]).exits(0).report();
    assert_eq!((&report["client"], &report["dry_run"]), (&json!("certbot"), &json!(true)));
    assert!(!test.path("state").exists(), "a dry run writes nothing");
    let commands = &item(&report, "certificates", "a.test")["commands"];
    assert_eq!(commands[0], json!({"hook": "pre", "command": "echo pre >> around"}));

    let report = import_from(&pebble, &test, &["letsencrypt", "--format", "json"]).exits(0).report();
    let account = item(&report, "accounts", &pebble.directory());
    assert_eq!(account["state"], "taken");
    assert!(account["account"].as_str().unwrap().starts_with("https://localhost:"));
    let certificate = item(&report, "certificates", "a.test");
    assert_eq!(certificate["names"], json!(["a.test", "b.test"]));
    assert_eq!((&certificate["state"], &certificate["challenge"]), (&json!("taken"), &json!("http-01")));
    assert_eq!(item(&report, "certificates", "c.test")["state"], "taken");
    assert_eq!(test.text("letsencrypt/renewal/a.test.conf"), before);
    for file in ["state/live/a.test/privkey.pem", "state/live/c.test/privkey.pem"] {
        assert_eq!(test.mode(file) & 0o777, 0o600);
    }
    // Again: what is here stays.
    import_from(&pebble, &test, &["letsencrypt"]).exits(0).says("is here already");

    renews_with_the_same_account(&test, &pebble, &["a.test", "c.test"]);
    assert!(test.text("state/live/c.test/privkey.pem").contains("PRIVATE KEY"));
    let deployed = test.text("deployed");
    assert!(
        deployed.starts_with("a.test b.test /") && deployed.trim_end().ends_with("/state/live/a.test"),
        "{deployed}"
    );
    test.certkit(&["acme", "list", "--state", "state", "--format", "json"]).exits(0).says("rsa2048");
    let kept = test.text("state/certs/a.test/renew.json");
    assert!(kept.contains(r#""pre_hook": "echo pre >> around""#) && kept.contains("post_hook"), "{kept}");
    // The account's key still serves for everything else.
    test.certkit(&["acme", "account", "show", "--state", "state"]).exits(0).says("valid");
    test.certkit(&["acme", "revoke", "c.test", "--state", "state"]).exits(0);
    test.certkit(&["acme", "account", "rollover", "--state", "state"]).exits(0);
    test.certkit(&["acme", "renew", "a.test", "--state", "state", "--force"]).exits(0);
}

#[test]
fn an_authenticator_without_counterpart_wants_a_challenge() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let Some(()) = certbot(&test, &pebble, &["--standalone", "-d", "a.test"]) else { return };
    let conf = test.text("letsencrypt/renewal/a.test.conf");
    let conf = conf
        .replace("authenticator = standalone", "authenticator = nginx\ninstaller = nginx\nreuse_key = True");
    test.write("letsencrypt/renewal/a.test.conf", conf);
    test.write("letsencrypt/renewal-hooks/deploy/reload", "#!/bin/sh\n");

    let ran = import_from(&pebble, &test, &["letsencrypt"]).exits(1);
    ran.says("a.test is left out").says("nginx").says("--webroot DIR").says("renewal-hooks/deploy/reload");
    assert!(!test.path("state/live/a.test").exists());
    let http = format!("--http=127.0.0.1:{}", pebble.http_port);
    import_from(&pebble, &test, &["letsencrypt", &http]).exits(0).says("is taken over");
    let key = test.text("state/live/a.test/privkey.pem");
    renews_with_the_same_account(&test, &pebble, &["a.test"]);
    assert_eq!(test.text("state/live/a.test/privkey.pem"), key, "reuse_key");
}

#[test]
fn legos_folder_is_taken_over() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let Some(lego) = peer("lego") else { return };
    let (directory, port) = (pebble.directory(), format!("127.0.0.1:{}", pebble.http_port));
    test.program(lego)
        .args(["--server", &directory, "--email", "me@example.org", "--accept-tos", "--path", "lego"])
        .args(["--http", "--http.port", &port, "--domains", "a.test", "--domains", "b.test", "run"])
        .env("LEGO_CA_CERTIFICATES", pebble.https_ca())
        .patiently(3)
        .run()
        .exits(0);
    // What lego does not keep must be said.
    import_from(&pebble, &test, &["lego"]).exits(1).says("--server URL");
    import_from(&pebble, &test, &["lego", "--server", &directory]).exits(1).says("lego keeps no challenge");
    let http = format!("--http={port}");
    import_from(&pebble, &test, &["lego", "--server", &directory, &http])
        .exits(0)
        .says("a.test  is taken over");
    renews_with_the_same_account(&test, &pebble, &["a.test"]);
}

#[test]
fn acme_shs_folder_is_taken_over() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    // The account and the certificate are real; the folder is as acme.sh writes it.
    pebble.obtain(&["a.test", "b.test", "-k", "rsa2048"]).exits(0);
    let account = fs::read_dir(test.path("state/accounts")).unwrap().next().unwrap().unwrap().path();
    let kept: Value = serde_json::from_slice(&fs::read(account.join("account.json")).unwrap()).unwrap();
    let ca = "acmesh/ca/localhost/dir";
    test.write(&format!("{ca}/account.key"), fs::read(account.join("key.pem")).unwrap());
    let url = kept["url"].as_str().unwrap();
    test.write(
        &format!("{ca}/ca.conf"),
        format!("ACCOUNT_URL='{url}'\nCA_KEY_HASH='x'\nCA_EMAIL='me@example.org'\n"),
    );
    test.write("acmesh/account.conf", "#LOG_FILE=\"x\"\nSAVED_CF_Token='secret-token'\nUSER_PATH='/bin'\n");
    for (theirs, ours) in [
        ("a.test.key", "privkey"),
        ("a.test.cer", "cert"),
        ("ca.cer", "chain"),
        ("fullchain.cer", "fullchain"),
    ] {
        test.write(&format!("acmesh/a.test/{theirs}"), test.text(&format!("state/live/a.test/{ours}.pem")));
    }
    let reload = BASE64_STANDARD.encode("echo $Le_Domain $CERT_KEY_PATH > reloaded");
    let copy = test.path("copy of/key.pem").display().to_string();
    let conf = format!(
        "Le_Domain='a.test'\nLe_Alt='b.test'\nLe_Webroot='no'\nLe_HTTPPort='{}'\nLe_LocalAddress='127.0.0.1'\n\
         Le_API='{}'\nLe_Keylength='2048'\nLe_PreHook=''\nLe_DeployHook='haproxy'\nLe_RealKeyPath='{copy}'\n\
         Le_ReloadCmd='__ACME_BASE64__START_{reload}__ACME_BASE64__END_'\n",
        pebble.http_port,
        pebble.directory(),
    );
    test.write("acmesh/a.test/a.test.conf", conf);
    fs::create_dir(test.path("copy of")).unwrap();
    fs::remove_dir_all(test.path("state")).unwrap();

    let ran = import_from(&pebble, &test, &["acmesh"]).exits(0);
    ran.says("a.test  is taken over").says("Le_DeployHook is haproxy").keeps_quiet_about("secret-token");
    renews_with_the_same_account(&test, &pebble, &["a.test"]);
    assert!(test.text("reloaded").starts_with("a.test /"));
    assert_eq!(test.text("copy of/key.pem"), test.text("state/live/a.test/privkey.pem"));
    assert_eq!(test.mode("copy of/key.pem") & 0o777, 0o600);
}

#[test]
fn a_folder_that_is_not_fit_is_refused() {
    let test = Test::new();
    import(&test, &["missing"]).exits(2).says("is not a folder");
    test.write("empty/.keep", "");
    import(&test, &["empty"]).exits(2).says("is not a folder of certbot, lego or acme.sh");
    test.write("acmesh/account.conf", "");
    import(&test, &["acmesh"]).exits(0).says("no accounts and no certificates");
    // Damaged files are named, and the others go on.
    test.write("acmesh/a.test/a.test.conf", "Le_API='https://ca.test/dir'\nLe_Webroot='no'\n");
    test.write("acmesh/ca/ca.test/dir/account.key", "no key\n");
    let ran = import(&test, &["acmesh"]).exits(1);
    ran.says("a.test is left out: cannot read acmesh/a.test/a.test.key").says("account.key");
    // What others may write to is not run as a hook.
    fs::set_permissions(test.path("acmesh"), fs::Permissions::from_mode(0o777)).unwrap();
    import(&test, &["acmesh"]).exits(2).says("other users may write to acmesh");
    assert!(!test.path("state").exists());
}

/// Writes a certificate of a private CA into a folder of lego, as of the server `https://ca.test/dir`.
pub(crate) fn lego_folder(test: &Test, folder: &str, name: &str) {
    if !test.path("ca.crt").exists() {
        test.certkit(&["mkca"]).exits(0);
    }
    test.certkit(&["mkcert", name, "-o", name]).exits(0);
    test.write(&format!("{folder}/accounts/.keep"), "");
    let file = |ending: &str| format!("{folder}/certificates/{name}.{ending}");
    test.write(&file("key"), test.text(&format!("{name}.key")));
    test.write(&file("crt"), format!("{}{}", test.text(&format!("{name}.crt")), test.text("ca.crt")));
    let kept = json!({"domain": name, "certUrl": "https://ca.test/cert/1"});
    test.write(&file("json"), kept.to_string());
}

/// What turns such a folder into state.
pub(crate) const LEGO: [&str; 3] = ["--server", "https://ca.test/dir", "--http"];

#[test]
fn a_certificate_needs_its_key_and_a_name_of_its_own() {
    let test = Test::new();
    lego_folder(&test, "lego", "a.example.org");
    lego_folder(&test, "lego", "b.example.org");
    fs::create_dir_all(test.path("other/accounts")).unwrap();
    fs::create_dir_all(test.path("other/certificates")).unwrap();
    for ending in ["key", "crt", "json"] {
        let file = format!("certificates/a.example.org.{ending}");
        test.write(&format!("other/{file}"), test.text(&format!("lego/{file}")));
    }
    test.write("lego/certificates/b.example.org.key", test.text("a.example.org.key"));
    let ran = import(&test, &[&["lego"], &LEGO[..]].concat()).exits(1);
    ran.says("a.example.org  is taken over").says("its key belongs to another certificate");
    let before = test.files();
    import(&test, &[&["other"], &LEGO[..]].concat()).exits(0).says("is here already");
    assert_eq!(test.files(), before, "what is here stays as it is");
    // One of acme.sh's two folders for a name.
    for folder in ["a.example.org", "a.example.org_ecc"] {
        test.write(&format!("acmesh/{folder}/a.example.org.key"), test.text("a.example.org.key"));
        test.write(&format!("acmesh/{folder}/fullchain.cer"), test.text("a.example.org.crt"));
        let conf = "Le_API='https://ca.test/dir'\nLe_Webroot='/srv'\n";
        test.write(&format!("acmesh/{folder}/a.example.org.conf"), conf);
    }
    test.write("acmesh/account.conf", "");
    let args = ["acme", "import", "acmesh", "--state", "another"];
    test.certkit(&args).exits(1).says("valid longer").says("a.example.org  is taken over");
}

#[test]
fn what_a_first_try_left_is_no_certificate() {
    let test = Test::new();
    lego_folder(&test, "lego", "a.example.org");
    let args = [&["lego"], &LEGO[..]].concat();
    import(&test, &args).exits(0).says("is taken over");
    // As after a kill between the settings and the link, and with an order on its way.
    fs::remove_file(test.path("state/live/a.example.org")).unwrap();
    test.write("state/orders/a.example.org.json", "{}");
    import(&test, &args).exits(0).says("is taken over");
    assert!(test.path("state/live/a.example.org/privkey.pem").exists());
    import(&test, &args).exits(0).says("is here already");
}

/// Writes a certificate as acme.sh keeps it, whose server is not there.
fn acme_sh_folder(test: &Test, conf: &str) {
    lego_folder(test, "lego", "a.example.org");
    let folder = "acmesh/a.example.org";
    test.write(&format!("{folder}/a.example.org.key"), test.text("a.example.org.key"));
    test.write(&format!("{folder}/fullchain.cer"), test.text("a.example.org.crt"));
    let conf = format!("Le_API='https://ca.test/dir'\nLe_Webroot='/srv'\n{conf}");
    test.write(&format!("{folder}/a.example.org.conf"), conf);
    test.write("acmesh/account.conf", "");
}

#[test]
fn every_command_that_is_taken_over_is_shown() {
    let test = Test::new();
    acme_sh_folder(&test, "Le_PreHook='stop it &'\nLe_PostHook='start it'\nLe_ReloadCmd='reload it'\n");
    for args in [&["acmesh", "--dry-run"][..], &["acmesh"]] {
        let ran = import(&test, args).exits(0);
        ran.says("runs pre:    stop it &").says("runs post:   start it").says("reload it");
    }
    import(&test, &["acmesh"]).exits(0).says("is here already").keeps_quiet_about("runs pre");
}

#[test]
fn hooks_that_cannot_run_and_settings_of_others_are_left_out() {
    let test = Test::new();
    acme_sh_folder(&test, "Le_Webroot='dns_missing'\n");
    import(&test, &["acmesh"]).exits(1).says("a.example.org is left out").says("dns_missing");
    let conf = "acmesh/a.example.org/a.example.org.conf";
    fs::set_permissions(test.path(conf), fs::Permissions::from_mode(0o666)).unwrap();
    import(&test, &["acmesh", "--http"]).exits(1).says("other users may write to").says("a.example.org.conf");
    assert!(!test.path("state/live/a.example.org").exists());
}
