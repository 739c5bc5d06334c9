//! What `mkca` and `mkcert` can do besides the plain case, and what they refuse.

use std::path::Path;

use crate::disk::SmallDisk;
use crate::harness::{Test, certkit};
use crate::peers::{peer, python, script, without_override};

fn text_of(test: &Test, openssl: &Path, file: &str) -> String {
    let printed = test.run(openssl, &["x509", "-in", file, "-noout", "-text"]).exits(0).stdout();
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn subject(test: &Test, openssl: &Path, file: &str) -> String {
    test.run(openssl, &["x509", "-in", file, "-noout", "-subject"]).exits(0).stdout().trim().to_owned()
}

#[test]
fn two_cas_of_one_day_have_two_names() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    for folder in ["a", "b"] {
        test.certkit(&["mkca", "Team", "-o", folder, "--intermediate"]).exits(0);
    }
    let names = ["a/ca.crt", "b/ca.crt", "a/intermediate.crt", "b/intermediate.crt"]
        .map(|file| subject(&test, &openssl, file));
    let different: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| name.contains("Team") && name.contains("tester@")), "{names:?}");
    // So a certificate of the one is simply unknown to the other, and nothing is said of generations.
    test.certkit(&["mkcert", "a.test", "--ca", "a/ca.crt", "--ca-key", "a/ca.key"]).exits(0);
    test.certkit(&["check", "server.crt", "--roots", "b/ca.crt"])
        .exits(1)
        .says("missing_intermediate")
        .keeps_quiet_about("path_length");
}

#[test]
fn a_subject_with_repeated_attributes() {
    let Some(openssl) = peer("openssl") else { return };
    for (typed, root, intermediate) in [
        ("C=DE,O=Team,OU=A,OU=B,CN=Our CA", "CN = Our CA", "CN = Our CA intermediate CA"),
        ("/C=DE/O=Team/OU=A/OU=B", "CN = certkit CA tester@", "CN = certkit intermediate CA tester@"),
    ] {
        let test = Test::new();
        test.certkit(&["mkca", "--subject", typed, "--intermediate"]).exits(0);
        for (file, name) in [("ca.crt", root), ("intermediate.crt", intermediate)] {
            let subject = subject(&test, &openssl, file);
            assert!(subject.contains(&format!("C = DE, O = Team, OU = A, OU = B, {name}")), "{subject}");
        }
        test.certkit(&["mkcert", "a.test"]).exits(0);
        test.run(
            &openssl,
            &["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "ca-bundle.ca", "server.crt"],
        )
        .exits(0);
        let before = test.files();
        test.certkit(&["mkca", "--subject", "Team", "-o", "x"]).exits(2).says("invalid_name");
        assert_eq!(test.files(), before);
    }
}

#[test]
fn every_kind_of_key_makes_a_ca() {
    let (Some(openssl), Some(certtool)) = (peer("openssl"), peer("certtool")) else { return };
    for kind in ["p384", "p521", "ed25519", "rsa2048"] {
        for intermediate in [&[][..], &["--intermediate"]] {
            let test = Test::new();
            test.certkit(&[&["mkca", "-k", kind], intermediate].concat()).exits(0);
            test.certkit(&["mkcert", "test.example"]).exits(0);
            let bundle = if intermediate.is_empty() { "ca.crt" } else { "ca-bundle.ca" };
            test.run(
                &openssl,
                &["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", bundle, "server.crt"],
            )
            .exits(0);
            test.write("chain", test.text("server.crt") + &test.text(bundle));
            test.run(&certtool, &["--verify", "--load-ca-certificate=ca.crt", "--infile=chain"]).exits(0);
        }
    }
}

#[test]
fn names_that_the_ca_may_not_speak_for() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let limits = [
        "--permit",
        "example",
        "--permit",
        "10.0.0.0/8",
        "--exclude",
        "bad.example",
        "--exclude",
        "10.9.0.0/16",
    ];
    test.certkit(&[&["mkca", "--intermediate"][..], &limits].concat()).exits(0);
    for file in ["ca.crt", "intermediate.crt"] {
        let text = text_of(&test, &openssl, file);
        let wanted = "Name Constraints: critical Permitted: DNS:example IP:10.0.0.0/255.0.0.0 \
                      Excluded: DNS:bad.example IP:10.9.0.0/255.255.0.0";
        assert!(text.contains(wanted), "{file}: {text}");
    }
    test.certkit(&["mkcert", "good.example", "10.1.2.3"]).exits(0);
    let before = test.files();
    for name in ["a.bad.example", "10.9.1.1", "other.test", "192.0.2.1"] {
        test.certkit(&["mkcert", name, "-o", "no"]).exits(2).says("name_constraint");
    }
    assert_eq!(test.files(), before);
    test.certkit(&["mkca", "-o", "x", "--exclude", "10.0.0.0/99"]).exits(2).says("--exclude");
}

#[test]
fn a_root_whose_key_is_thrown_away() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--throwaway-root", "--permit", "test"]).exits(0);
    assert_eq!(test.names(), ["ca.crt", "intermediate.crt", "intermediate.key", "ledger.jsonl"]);
    assert!(
        text_of(&test, &openssl, "intermediate.crt")
            .contains("Name Constraints: critical Permitted: DNS:test")
    );
    test.certkit(&["mkcert", "www.test"]).exits(0);
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "ca-bundle.ca", "server.crt"],
    )
    .exits(0);
    // A plain root beside it would not sign: the intermediate would go on doing so.
    let before = test.files();
    test.certkit(&["mkca", "--force"]).exits(2).says("intermediate.crt");
    assert_eq!(test.files(), before);
}

#[test]
fn an_encrypted_ca_signs_with_its_password_only() {
    let (Some(openssl), Some(certtool)) = (peer("openssl"), peer("certtool")) else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--encrypt"]).exits(2).says("password_needed");
    assert_eq!(test.names(), [""; 0]);
    test.write("pw", "s3cret\n");
    test.write("wrong", "other\n");
    test.certkit(&["mkca", "--encrypt", "--password-file", "pw"]).exits(0);
    assert!(test.text("ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(test.mode("ca.key"), 0o600);
    test.run(&openssl, &["pkey", "-in", "ca.key", "-passin", "file:pw", "-noout", "-check"]).exits(0);
    test.run(&certtool, &["--key-info", "--infile=ca.key", "--password=s3cret"]).exits(0);
    let before = test.files();
    test.certkit(&["mkcert", "a.test"]).exits(2).says("key_encrypted").says("--password-file");
    test.certkit(&["mkcert", "a.test", "--password-file", "wrong"]).exits(2).says("wrong_password");
    assert_eq!(test.files(), before);
    test.certkit(&["mkcert", "a.test", "--password-file", "pw"]).exits(0);
    let program = test.program(certkit()).args(["mkcert", "b.test", "-o", "b"]);
    program.env("CERTKIT_PASSWORD", "s3cret").run().exits(0);
    test.run(&openssl, &["verify", "-x509_strict", "-CAfile", "ca.crt", "server.crt", "b.crt"]).exits(0);
}

#[test]
fn a_client_certificate_as_pkcs12() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.write("pw", "s3cret\n");
    let args = ["mkcert", "me@test.example", "--client", "-o", "me", "--p12", "--p12-password-file", "pw"];
    test.certkit(&args).exits(0).says("me.p12");
    assert_eq!(test.mode("me.p12"), 0o600);
    let read = ["pkcs12", "-in", "me.p12", "-passin", "file:pw", "-nodes"];
    let text = test.run(&openssl, &read).exits(0).stdout();
    assert_eq!(
        (text.matches("BEGIN CERTIFICATE").count(), text.matches("BEGIN PRIVATE KEY").count()),
        (2, 1)
    );
}

#[test]
fn until_a_day_or_a_time() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let end = |file: &str| test.run(&openssl, &["x509", "-in", file, "-noout", "-enddate"]).exits(0).stdout();
    let in_a_month = test.run("date", &["-u", "-d", "+30 days", "+%Y-%m-%d"]).exits(0).stdout();
    let in_a_month = in_a_month.trim();
    test.certkit(&["mkcert", "a.test", "-o", "a", "--until", in_a_month]).exits(0);
    assert!(end("a.crt").contains("23:59:59"), "{}", end("a.crt"));
    test.certkit(&["mkcert", "a.test", "-o", "b", "--until", &format!("{in_a_month}T12:00:00Z")]).exits(0);
    assert!(end("b.crt").contains("12:00:00"), "{}", end("b.crt"));
    // Not after its CA, and that is said.
    test.certkit(&["mkcert", "a.test", "-o", "c", "--client", "--until", "2099-01-01"])
        .exits(0)
        .says("together with its CA");
    assert_eq!(end("c.crt"), end("ca.crt"));
    let before = test.files();
    test.certkit(&["mkcert", "a.test", "-o", "d", "--until", "2020-01-01"]).exits(2).says("already passed");
    test.certkit(&["mkcert", "a.test", "-o", "d", "--until", "2099-01-01"])
        .exits(2)
        .says("validity_too_long");
    assert_eq!(test.files(), before);
    test.certkit(&["csr", "a.test", "-o", "e.csr"]).exits(0);
    let before = test.files();
    test.certkit(&["sign", "e.csr", "--until", "2020-01-01"]).exits(2).says("already passed");
    test.certkit(&["mkcert", "a.test", "-o", "d", "--until", "soon"]).exits(2).says("2027-01-31");
    assert_eq!(test.files(), before);
}

#[test]
fn with_a_key_that_is_there_already() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let make = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "my.key"];
    test.run(&openssl, &make).exits(0);
    test.run(&openssl, &["pkey", "-in", "my.key", "-aes256", "-passout", "pass:pw", "-out", "locked.key"])
        .exits(0);
    test.write("pw", "pw\n");
    test.certkit(&["mkcert", "a.test", "--key", "my.key"]).exits(0).says("--key my.key");
    assert!(!test.path("server.key").exists());
    test.certkit(&["mkcert", "a.test", "-o", "b", "--key", "locked.key", "--key-password-file", "pw"])
        .exits(0);
    let public = test.run(&openssl, &["pkey", "-in", "my.key", "-pubout"]).exits(0).stdout();
    for file in ["server.crt", "b.crt"] {
        assert_eq!(test.run(&openssl, &["x509", "-in", file, "-noout", "-pubkey"]).exits(0).stdout(), public);
    }
    let before = test.files();
    test.certkit(&["mkcert", "a.test", "-o", "c", "--key", "nothing.key"]).exits(2).says("not_found");
    test.certkit(&["mkcert", "a.test", "-o", "c", "--key", "locked.key"]).exits(2).says("key_encrypted");
    assert_eq!(test.files(), before);
}

#[test]
fn if_needed_does_as_little_as_it_can() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let make = |names: &[&str]| test.certkit(&[&["mkcert", "--if-needed"], names].concat()).exits(0);
    make(&["a.test", "b.test"]);
    let first = test.files();
    make(&["B.test", "a.test"]).says("nothing to do");
    assert_eq!(test.files(), first);
    // Other names, another purpose, a key that does not fit: made anew, the old key is kept.
    make(&["a.test"]).keeps_quiet_about("nothing to do");
    assert_eq!(test.text("server.key.bak"), String::from_utf8_lossy(&first[Path::new("server.key")].1));
    make(&["a.test", "--client"]).keeps_quiet_about("nothing to do");
    test.write("server.key", test.text("ca.key"));
    make(&["a.test", "--client"]).keeps_quiet_about("nothing to do");
    // In its last third: it began five minutes ago, for the clocks of others, and has two minutes left.
    let soon = test.run("date", &["-u", "-d", "+2 minutes", "+%Y-%m-%dT%H:%M:%SZ"]).exits(0).stdout();
    make(&["a.test", "-o", "short", "--until", soon.trim()]);
    make(&["a.test", "-o", "short"]).keeps_quiet_about("nothing to do");
    make(&["a.test", "-o", "short"]).says("nothing to do");
    // A key that waits for its certificate is used.
    std::fs::remove_file(test.path("short.crt")).unwrap();
    let key = test.text("short.key");
    make(&["a.test", "-o", "short"]);
    assert_eq!(test.text("short.key"), key);
    test.certkit(&["check", "short.crt", "--key", "short.key", "--roots", "ca.crt"]).exits(0);
    // What another CA issued stays, unless one insists.
    test.certkit(&["mkca", "--force"]).exits(0);
    let before = test.files();
    test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(2).says("output_exists");
    assert_eq!(test.files(), before);
}

#[test]
fn international_names_and_very_many() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "Bücher.example", "*.bücher.example", "xn--bcher-kva.example"]).exits(0);
    let names = test
        .run(&openssl, &["x509", "-in", "server.crt", "-noout", "-ext", "subjectAltName"])
        .exits(0)
        .stdout();
    assert!(names.trim().ends_with("DNS:xn--bcher-kva.example, DNS:*.xn--bcher-kva.example"), "{names}");
    let many: Vec<_> = (0..1000).map(|number| format!("h{number}.test.example")).collect();
    let mut args = vec!["mkcert", "-o", "many"];
    args.extend(many.iter().map(String::as_str));
    test.certkit(&args).exits(0);
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-verify_hostname", "h999.test.example", "-CAfile", "ca.crt", "many.crt"],
    )
    .exits(0);
}

#[test]
fn cas_that_cannot_sign_now() {
    let Some(python) = python(&["cryptography.x509.verification"]) else { return };
    let test = Test::new();
    test.run(&python, &[script("pyca.py").to_str().unwrap(), "ca", "expired", "."]).exits(0);
    let before = test.files();
    test.certkit(&["mkcert", "a.test"]).exits(2).says("expired").says("certkit renew FILE");
    assert_eq!(test.files(), before);
    let test = Test::with_certificate("a.test");
    let before = test.files();
    test.certkit(&["mkcert", "b.test", "-o", "b", "--ca", "server.crt", "--ca-key", "server.key"])
        .exits(2)
        .says("not_a_ca");
    assert_eq!(test.files(), before);
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let disk = SmallDisk::new(&test, "disk", 64);
    let run = |args: &[&str]| disk.program().args([certkit()]).args(args).run();
    for file in ["ca.crt", "ca.key"] {
        std::fs::copy(test.path(file), test.path("disk").join(file)).unwrap();
    }
    // Less room from run to run, down to none: wherever a run ends, nothing is half-written.
    let names = (0..40).map(|number| format!("h{number}.test\n")).collect::<String>();
    test.write("list", names);
    let ca = ["--ca", "disk/ca.crt", "--ca-key", "disk/ca.key"];
    disk.leave_kib(56);
    run(&[&["mkcert", "--from", "list", "-o", "disk/many"][..], &ca].concat()).exits(2).says(disk.refusal());
    disk.make_room();
    // How many of them fit is for the order to say in which several threads write them.
    std::fs::remove_dir_all(test.path("disk/many")).unwrap();
    let (mut written, mut failed) = (0, 0);
    for number in 0..12 {
        disk.leave_kib(44 - 4 * number);
        let output = format!("disk/one{number}");
        let ran = run(&[&["mkcert", "a.test", "-o", &output][..], &ca].concat());
        disk.make_room();
        let (certificate, key) = (format!("{output}.crt"), format!("{output}.key"));
        assert_eq!(ran.succeeded(), test.path(&certificate).exists());
        assert_eq!(ran.succeeded(), test.path(&key).exists());
        if ran.succeeded() {
            written += 1;
            test.certkit(&["check", &certificate, "--key", &key, "--roots", "ca.crt"]).exits(0);
        } else {
            failed += 1;
            ran.exits(2).says(disk.refusal());
        }
    }
    assert!(written > 1 && failed > 1, "{written} written, {failed} failed");
    for line in test.text("disk/ledger.jsonl").lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let left: Vec<_> = std::fs::read_dir(test.path("disk"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!left.iter().any(|name| name.contains(".certkit-")), "{left:?}");
    // And one that may not be written at all.
    disk.make_read_only();
    run(&[&["mkcert", "a.test", "-o", "here"][..], &ca].concat()).exits(2).says("permission").says("ledger");
    run(&["mkcert", "a.test", "-o", "disk/there"]).exits(2).says("disk/there");
    assert!(!test.path("here.crt").exists() && !test.path("here.key").exists());
}

#[test]
fn a_folder_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let test = Test::new();
    test.certkit(&["mkca", "-o", "ca"]).exits(0);
    std::fs::set_permissions(test.path("ca/ledger.jsonl"), std::fs::Permissions::from_mode(0o400)).unwrap();
    std::fs::set_permissions(test.path("ca"), std::fs::Permissions::from_mode(0o500)).unwrap();
    let ca = ["--ca", "ca/ca.crt", "--ca-key", "ca/ca.key"];
    let before = test.names();
    let mkcert = without_override(&test).args([certkit()]).args(["mkcert", "a.test"]).args(ca);
    mkcert.run().exits(2).says("permission").says("ledger");
    assert_eq!(test.names(), before);
    std::fs::set_permissions(test.path("ca"), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn the_files_of_a_ca_are_spared() {
    for intermediate in [&[][..], &["--intermediate"]] {
        let test = Test::new();
        test.certkit(&[&["mkca"], intermediate].concat()).exits(0);
        test.write("names.txt", "ca\n");
        test.write("names2.txt", "intermediate\n");
        test.certkit(&["csr", "a.test"]).exits(0);
        let before = test.files();
        for (args, certificate) in [
            (&["mkcert", "a.test", "-o", "ca"][..], "ca"),
            (&["mkcert", "a.test", "-o", "./ca"], "ca"),
            (&["mkcert", "--from", "names.txt", "-o", "."], "ca"),
            (&["mkcert", "--from", "names2.txt", "-o", "."], "intermediate"),
            (&["sign", "server.csr", "-o", "ca.crt"], "ca"),
            (&["sign", "server.csr", "-o", "ca.key"], "ca"),
        ] {
            if certificate == "intermediate" && intermediate.is_empty() {
                continue;
            }
            for option in ["--force", "--if-needed"] {
                if option == "--force" || args[0] == "mkcert" {
                    test.certkit(&[args, &[option]].concat()).exits(2).says("output_exists");
                    assert_eq!(test.files(), before, "{args:?} {option}");
                }
            }
        }
        // A CA that is named is spared as well, and so is one that another signed.
        let named = ["--ca", "ca.crt", "--ca-key", "ca.key"];
        test.certkit(&[&["mkcert", "a.test", "-o", "ca", "--force"], &named[..]].concat())
            .exits(2)
            .says("belongs to the CA");
        if !intermediate.is_empty() {
            test.certkit(&[&["mkcert", "a.test", "-o", "intermediate", "--if-needed"], &named[..]].concat())
                .exits(2)
                .says("output_exists");
        }
        assert_eq!(test.files(), before);
    }
}

#[test]
fn if_needed_leaves_the_bundle_of_others() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    test.write("ca-bundle.ca", test.text("ca-bundle.ca") + &test.text("ca.crt"));
    let before = test.files();
    test.certkit(&["mkcert", "b.test", "--if-needed"]).exits(2).says("`ca-bundle.ca` already exists");
    assert_eq!(test.files(), before);
}

#[test]
fn files_need_a_place_and_a_name() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "-"]).exits(2).says("standard output");
    for name in ["", " ", "a\u{1b}[31mb"] {
        test.certkit(&["mkca", name]).exits(2).says("invalid_name");
    }
    assert!(test.names().is_empty(), "{:?}", test.names());
    test.certkit(&["mkca"]).exits(0);
    std::fs::create_dir(test.path("certs")).unwrap();
    let before = test.files();
    for (base, mend) in [("-", "-o server,"), ("certs/", "-o certs/server,"), ("..", "-o ../server,")] {
        test.certkit(&["mkcert", "a.test", "-o", base]).exits(2).says(mend);
    }
    assert_eq!(test.files(), before);
}

#[test]
fn the_next_command_has_what_was_typed() {
    let test = Test::new();
    let next = |ran: &crate::harness::Ran| {
        let said = ran.all();
        let line = said.lines().skip_while(|line| !line.starts_with("next:")).nth(1).unwrap_or_default();
        line.trim().to_owned()
    };
    let run = |command: &str| test.run("sh", &["-c", command]);
    let with_program = |command: &str| command.replacen("certkit", &certkit().display().to_string(), 1);
    test.write("my password", "secret\n");
    let made = test.certkit(&["mkca", "-o", "my ca", "--encrypt", "--password-file", "my password"]).exits(0);
    let mkcert = next(&made);
    assert_eq!(
        mkcert,
        "certkit mkcert test.example --ca 'my ca/ca.crt' --ca-key 'my ca/ca.key' --password-file 'my password'"
    );
    // Each of them does what it says, in the same folder.
    let made = run(&with_program(&mkcert)).exits(0);
    let check = next(&made);
    assert!(check.contains("--roots 'my ca/ca.crt'"), "{check}");
    run(&with_program(&check)).exits(0);
    let revoked = test
        .certkit(&[
            "revoke",
            "server.crt",
            "--ca",
            "my ca/ca.crt",
            "--ca-key",
            "my ca/ca.key",
            "--password-file",
            "my password",
        ])
        .exits(0);
    run(&with_program(&next(&revoked))).exits(0).says("1 certificate revoked");
    // Names that are no hosts, a key behind a password, and a client's certificate.
    test.certkit(&["mkca"]).exits(0);
    for (name, option) in [("me@a.test", "--email"), ("spiffe://a.test/b", "--key"), ("::1", "--host")] {
        let made = test.certkit(&["mkcert", name, "-o", "n", "--force"]).exits(0);
        assert!(next(&made).starts_with(&format!("certkit check n.crt {option} ")), "{}", next(&made));
        run(&with_program(&next(&made))).exits(0);
    }
    test.certkit(&["key", "new", "-o", "k.key", "--encrypt", "--password-file", "my password"]).exits(0);
    let key = ["--key", "k.key", "--key-password-file", "my password"];
    let made = test.certkit(&[&["mkcert", "a.test", "-o", "k"], &key[..]].concat()).exits(0);
    run(&with_program(&next(&made))).exits(0);
    let named = ["--ca", "./ca.crt", "--ca-key", "./ca.key"];
    let made = test.certkit(&[&["mkcert", "a.test", "-o", "c", "--client"], &named[..]].concat()).exits(0);
    run(&with_program(&next(&made))).exits(0);

    test.certkit(&["mkca", "-o", "two", "--intermediate"]).exits(0);
    test.certkit(&["mkca", "-o", "two"]).exits(2).says("certkit mkca -o two --intermediate --force");
}

#[test]
fn a_folder_of_a_ca_is_its_owners_whatever_the_umask() {
    let test = Test::new();
    test.program(certkit()).args(["mkca", "-o", "a/b"]).umask("000").run().exits(0);
    for folder in ["a", "a/b"] {
        assert_eq!(test.mode(folder), 0o755, "{folder}");
    }
}
