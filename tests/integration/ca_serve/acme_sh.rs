//! acme.sh itself, from the folder that `CERTKIT_ACMESH` names: it is a shell script, and no part of this repository.

use std::path::PathBuf;

use super::server::{CaServer, Dns, fetch_list};
use crate::harness::{Ran, Test, certkit};
use crate::peers::peer;
use crate::process::{Process, free_port};

struct AcmeSh<'a> {
    test: &'a Test,
    script: PathBuf,
    directory: String,
}

impl AcmeSh<'_> {
    fn run(&self, args: &[&str]) -> Ran {
        let [home, roots] = ["acmesh", "ca.crt"].map(|name| self.test.path(name).display().to_string());
        let common =
            ["--home", &home, "--config-home", &home, "--server", &self.directory, "--ca-bundle", &roots];
        let program = self.test.program(&self.script).args(args).args(common);
        // Without colours its lines are what they seem.
        program.env("NO_COLOR", "1").run()
    }
}

#[test]
fn acme_sh_gets_renews_and_revokes() {
    let Some(folder) = std::env::var_os("CERTKIT_ACMESH").map(PathBuf::from) else {
        eprintln!("skipped: CERTKIT_ACMESH does not name the folder of acme.sh");
        return;
    };
    let test = Test::new();
    let (Some(dns), Some(openssl), Some(_)) = (Dns::start(&test), peer("openssl"), peer("curl")) else {
        return;
    };
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    let list_port = free_port();
    let list = format!("--listen=http:127.0.0.1:{list_port}");
    let server = CaServer::start(&test, &[&dns.option(), &list]);
    test.write("web/index.html", "");
    let listen = format!("http:127.0.0.1:{}", server.http_port);
    let program = test.program(certkit()).args(["serve", "--listen", &listen, "--static-root", "web"]);
    let mut answers = Process::start(&test, program);
    answers.wait_for(([127, 0, 0, 1], server.http_port).into());
    let client = AcmeSh { test: &test, script: folder.join("acme.sh"), directory: server.directory() };

    // An EC and an RSA key; by files that a web server has.
    let web = test.path("web").display().to_string();
    for (name, kind) in [("a.test", "ec-256"), ("b.test", "2048")] {
        let names = ["--domain", name, "--domain", "www.test", "--keylength", kind];
        let issued = client.run(&[&["--issue", "--webroot", &web], &names[..]].concat()).exits(0);
        issued.says("ARI suggestedWindow: ");
    }
    let chain = "acmesh/a.test_ecc/fullchain.cer";
    let leaf = "acmesh/a.test_ecc/a.test.cer";
    let verified = |leaf: &str| {
        test.run(&openssl, &["verify", "-CAfile", "ca.crt", "-untrusted", chain, leaf]).exits(0);
        test.text(leaf)
    };
    let first = verified(leaf);
    test.certkit(&["check", chain, "--host", "www.test", "--key", "acmesh/a.test_ecc/a.test.key"]).exits(0);
    let issued = server.issued();
    assert_eq!(issued.len(), 2);
    assert_eq!(issued[0]["names"], serde_json::json!(["a.test", "www.test"]));
    assert!(issued.iter().all(|line| line["requested_by"] == issued[0]["requested_by"]), "one account");

    // It asks for renewal information (RFC 9773) each time. 2 is its status for nothing to do.
    let renew = ["--renew", "--domain", "a.test", "--ecc"];
    client.run(&renew).exits(2).says("ARI suggestedWindow starts at").says("Skipping");
    assert_eq!(server.issued().len(), 2);
    test.write("first.crt", &first);
    test.certkit(&["revoke", "first.crt", "--reason", "superseded"]).exits(0);
    // The server reads the ledger every minute, and when somebody asks for its list.
    assert!(fetch_list(&test, list_port).is_some());
    client.run(&renew).exits(0).says("ARI suggestedWindow has started");
    assert_ne!(verified(leaf), first);
    let issued = server.issued();
    assert_eq!((issued.len(), &issued[2]["replaces"]), (3, &issued[0]["serial"]));

    // 4 is superseded (RFC 5280 section 5.3.1).
    client.run(&["--revoke", "--domain", "a.test", "--ecc", "--revoke-reason", "4"]).exits(0);
    assert_eq!(server.revoked(), 2);
    let Some(list) = fetch_list(&test, list_port) else { return };
    let shown = test.run(&openssl, &["crl", "-in", &list.display().to_string(), "-noout", "-text"]).exits(0);
    assert_eq!(shown.stdout().matches("Superseded").count(), 2, "{}", shown.stdout());
    client.run(&["--deactivate-account"]).exits(0);
}
