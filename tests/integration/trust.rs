//! `trust`: real NSS databases, a copy of Java's real trust store, and a folder for each layout of a system.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::harness::{Test, certkit};
use crate::peers::{peer, python};

/// A folder with a CA and a certificate of it.
fn folder() -> Test {
    Test::with_certificate("test.example")
}

/// Runs `certkit trust` and gives its report.
#[track_caller]
fn trust(test: &Test, args: &[&str], status: i32) -> serde_json::Value {
    test.certkit(&[&["trust"], args, &["--format", "json"]].concat()).exits(status).report()
}

/// The states of all stores.
fn states(report: &serde_json::Value) -> Vec<&str> {
    report["stores"].as_array().unwrap().iter().map(|store| store["state"].as_str().unwrap()).collect()
}

#[test]
fn every_layout_of_a_system() {
    for (anchors, bundle, update) in [
        ("usr/local/share/ca-certificates", "etc/ssl/certs/ca-certificates.crt", "update-ca-certificates"),
        (
            "etc/pki/ca-trust/source/anchors",
            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "update-ca-trust extract",
        ),
        ("usr/share/pki/trust/anchors", "var/lib/ca-certificates/ca-bundle.pem", "update-ca-certificates"),
        (
            "etc/ca-certificates/trust-source/anchors",
            "etc/ca-certificates/extracted/tls-ca-bundle.pem",
            "trust extract-compat",
        ),
    ] {
        let test = folder();
        fs::create_dir_all(test.path("image").join(anchors)).unwrap();
        let store = ["--store", "system", "--root", "image"];
        let with = |word: &'static str| [&[word][..], &store].concat();
        assert_eq!(states(&trust(&test, &with("status"), 1)), ["absent"]);
        let before = test.files();
        let plan = trust(&test, &[&with("install")[..], &["--dry-run"]].concat(), 0);
        assert_eq!(states(&plan), ["planned"]);
        assert!(plan["stores"][0]["steps"].to_string().contains(update), "{plan}");
        assert_eq!(test.files(), before, "a dry run changes nothing");

        assert_eq!(states(&trust(&test, &with("install"), 0)), ["installed"]);
        assert_eq!(states(&trust(&test, &with("install"), 0)), ["trusted"]);
        let files: Vec<_> = test
            .names()
            .into_iter()
            .filter(|name| name.contains("anchors/") || name.contains("ca-certificates/certkit"))
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        assert!(files[0].ends_with(".crt"));
        assert_eq!((test.text(&files[0]), test.mode(&files[0])), (test.text("ca.crt"), 0o644));
        assert_eq!(states(&trust(&test, &with("status"), 0)), ["trusted"]);

        // Once the system has a bundle, that is what counts.
        test.write(&format!("image/{bundle}"), "# nothing yet\n");
        let pending = trust(&test, &with("status"), 1);
        assert_eq!(states(&pending), ["pending"]);
        assert!(pending["stores"][0]["steps"].to_string().contains(update), "{pending}");
        test.write(&format!("image/{bundle}"), test.text("ca.crt"));
        assert_eq!(states(&trust(&test, &with("status"), 0)), ["trusted"]);
        fs::remove_file(test.path("image").join(bundle)).unwrap();

        // By its bytes, whatever the name, and nothing else.
        fs::remove_file(test.path(&files[0])).unwrap();
        test.certkit(&["mkca", "-o", "other"]).exits(0);
        let (ca, other) = (test.text("ca.crt"), test.text("other/ca.crt"));
        test.write(&format!("image/{anchors}/mine.crt"), &ca);
        test.write(&format!("image/{anchors}/both.crt"), format!("# two\n{other}{ca}"));
        test.write(&format!("image/{anchors}/other.crt"), &other);
        assert_eq!(states(&trust(&test, &with("uninstall"), 0)), ["removed"]);
        assert!(!test.path("image").join(anchors).join("mine.crt").exists());
        assert_eq!(test.text(&format!("image/{anchors}/both.crt")), format!("# two\n{other}"));
        assert_eq!(test.text(&format!("image/{anchors}/other.crt")), other);
        assert_eq!(states(&trust(&test, &with("uninstall"), 0)), ["absent"]);
    }
}

#[test]
fn a_system_of_no_known_layout() {
    let test = folder();
    fs::create_dir(test.path("image")).unwrap();
    for args in [&["status", "--root", "image"][..], &["install", "--store", "system", "--root", "image"]] {
        let report = trust(&test, args, 2);
        assert_eq!(report["errors"][0]["code"], "trust_store", "{report}");
    }
}

#[test]
fn only_root_may_change_a_system() {
    let test = folder();
    let mode =
        |path: PathBuf, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    fs::create_dir_all(test.path("image/usr/local/share/ca-certificates")).unwrap();
    let install = ["trust", "install", "--store", "system", "--root", "image"];
    let (ran, program) = if rustix::process::geteuid().is_root() {
        // Nobody's rights, and a copy of the program: the folder that it was built in may be closed to others.
        let Some(setpriv) = peer("setpriv") else { return };
        let program = test.copy_certkit();
        for path in [test.folder().parent().unwrap().to_path_buf(), test.folder(), program.clone()] {
            mode(path, 0o755);
        }
        let program = program.display().to_string();
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", &program];
        (test.run(&setpriv, &[&nobody[..], &install].concat()), program)
    } else {
        mode(test.path("image/usr/local/share/ca-certificates"), 0o555);
        (test.certkit(&install), certkit().display().to_string())
    };
    let ca = test.path("ca.crt").display().to_string();
    ran.exits(2)
        .says(&format!("sudo {program} trust install {ca} --store system --root image"))
        .says("needs rights");
}

#[test]
fn chromiums_database() {
    let Some(certutil) = peer("certutil") else { return };
    let test = folder();
    let store = ["--store", "nss"];
    let database = format!("sql:{}", test.home().join(".pki/nssdb").display());
    let certutil = |args: &[&str]| test.run(&certutil, &[&["-d", &database], args].concat());
    assert_eq!(states(&trust(&test, &[&["status"][..], &store].concat(), 1)), ["absent"]);
    let plan = trust(&test, &[&["install", "--dry-run"][..], &store].concat(), 0);
    assert_eq!(plan["stores"][0]["steps"].as_array().unwrap().len(), 2, "{plan}");
    assert!(!test.home().join(".pki").exists());

    let report = trust(&test, &[&["install"][..], &store].concat(), 0);
    assert_eq!(states(&report), ["installed"]);
    let name = report["name"].as_str().unwrap();
    assert!(name.contains(" [") && name.ends_with(']'), "{name}");
    certutil(&["-A", "-n", "site", "-t", ",,", "-i", "server.crt"]).exits(0);
    certutil(&["-L"]).exits(0).says(name);
    certutil(&["-V", "-n", "site", "-u", "V"]).exits(0).says("certificate is valid");
    assert_eq!(states(&trust(&test, &[&["install"][..], &store].concat(), 0)), ["trusted"]);
    assert_eq!(states(&trust(&test, &[&["status"][..], &store].concat(), 0)), ["trusted"]);

    // Trust that was taken away by hand shows, and is given back.
    certutil(&["-M", "-n", name, "-t", ",,"]).exits(0);
    assert_eq!(states(&trust(&test, &[&["status"][..], &store].concat(), 1)), ["untrusted"]);
    assert_eq!(states(&trust(&test, &[&["install"][..], &store].concat(), 0)), ["installed"]);

    assert_eq!(states(&trust(&test, &[&["uninstall"][..], &store].concat(), 0)), ["removed"]);
    certutil(&["-L"]).exits(0).keeps_quiet_about(name).says("site");
    assert!(!certutil(&["-V", "-n", "site", "-u", "V"]).succeeded());
    assert_eq!(states(&trust(&test, &[&["uninstall"][..], &store].concat(), 0)), ["absent"]);

    // Under another name, which somebody else gave it.
    certutil(&["-A", "-n", "my own name", "-t", "C,,", "-i", "ca.crt"]).exits(0);
    assert_eq!(states(&trust(&test, &[&["status"][..], &store].concat(), 0)), ["trusted"]);
    assert_eq!(states(&trust(&test, &[&["uninstall"][..], &store].concat(), 0)), ["removed"]);
    certutil(&["-L"]).exits(0).keeps_quiet_about("my own name");
}

#[test]
fn every_profile_of_firefox() {
    let Some(certutil) = peer("certutil") else { return };
    let test = folder();
    let folders = [
        ".mozilla/firefox/ab.default",
        ".mozilla/firefox/cd.work",
        ".config/mozilla/firefox/ef.default",
        "snap/firefox/common/.mozilla/firefox/gh.default",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/ij.default",
    ];
    assert_eq!(trust(&test, &["install", "--store", "firefox"], 2)["errors"][0]["code"], "trust_store");
    let databases: Vec<_> =
        folders.iter().map(|folder| format!("sql:{}", test.home().join(folder).display())).collect();
    for (folder, database) in folders.iter().zip(&databases) {
        fs::create_dir_all(test.home().join(folder)).unwrap();
        test.run(&certutil, &["-N", "-d", database, "--empty-password"]).exits(0);
    }
    fs::create_dir_all(test.home().join(".mozilla/firefox/Crash Reports")).unwrap();
    let report = trust(&test, &["install", "--store", "firefox"], 0);
    assert_eq!(states(&report), ["installed"; 5]);
    for database in &databases {
        test.run(&certutil, &["-L", "-d", database]).exits(0).says(report["name"].as_str().unwrap());
    }
    assert_eq!(states(&trust(&test, &["status", "--store", "firefox"], 0)), ["trusted"; 5]);
    assert_eq!(states(&trust(&test, &["uninstall", "--store", "firefox"], 0)), ["removed"; 5]);
}

#[test]
fn a_database_with_a_password_is_left_as_it_was() {
    let Some(certutil) = peer("certutil") else { return };
    let test = folder();
    let profile = test.home().join(".mozilla/firefox/ab.default");
    fs::create_dir_all(&profile).unwrap();
    let database = format!("sql:{}", profile.display());
    test.write("pw", "primary password\n");
    test.run(&certutil, &["-N", "-d", &database, "-f", "pw"]).exits(0);
    let before = test.run(&certutil, &["-L", "-d", &database]).exits(0).stdout();
    let report = trust(&test, &["install", "--store", "firefox"], 2);
    assert_eq!(states(&report), ["failed"]);
    assert!(report["errors"][0]["fix"].as_str().unwrap().contains("primary password"), "{report}");
    assert_eq!(test.run(&certutil, &["-L", "-d", &database]).exits(0).stdout(), before);
}

#[test]
fn the_package_of_a_missing_tool_is_named() {
    let test = folder();
    let profile = test.home().join(".mozilla/firefox/ab.default");
    fs::create_dir_all(&profile).unwrap();
    fs::write(profile.join("cert9.db"), "").unwrap();
    let args = ["trust", "install", "--store", "firefox"];
    let ran = test.program(certkit()).args(args).env("PATH", "/nowhere").run().exits(2);
    ran.says("certutil is not installed").says("fix:").says("nss");
}

#[test]
fn java() {
    let Some(keytool) = peer("keytool") else { return };
    let cacerts = PathBuf::from("/etc/ssl/certs/java/cacerts");
    let test = folder();
    fs::create_dir_all(test.path("jdk/lib/security")).unwrap();
    let store = test.path("jdk/lib/security/cacerts");
    if cacerts.is_file() {
        fs::copy(&cacerts, &store).unwrap();
    } else {
        // Without the package ca-certificates-java: a store with one entry.
        test.certkit(&["mkca", "-o", "other"]).exits(0);
        let args = [
            "-importcert",
            "-noprompt",
            "-alias",
            "other",
            "-file",
            "other/ca.crt",
            "-storepass",
            "changeit",
        ];
        test.run(&keytool, &[&args[..], &["-keystore", &store.display().to_string()]].concat()).exits(0);
    }
    let store = store.display().to_string();
    let trust = |word: &str, status: i32| {
        let args = ["trust", word, "--store", "java", "--format", "json"];
        test.program(certkit()).args(args).env("JAVA_HOME", test.path("jdk")).run().exits(status).report()
    };
    let list =
        || test.run(&keytool, &["-list", "-keystore", &store, "-storepass", "changeit"]).exits(0).stdout();
    let count = list().matches("trustedCertEntry").count();
    assert_eq!(states(&trust("status", 1)), ["absent"]);
    let report = trust("install", 0);
    assert_eq!(
        (states(&report), report["stores"][0]["path"].as_str()),
        (vec!["installed"], Some(store.as_str()))
    );
    let listed = list();
    assert_eq!(listed.matches("trustedCertEntry").count(), count + 1);
    assert!(listed.to_lowercase().contains(&report["name"].as_str().unwrap().to_lowercase()), "{listed}");
    assert_eq!(states(&trust("install", 0)), ["trusted"]);
    assert_eq!(states(&trust("status", 0)), ["trusted"]);
    assert_eq!(states(&trust("uninstall", 0)), ["removed"]);
    assert_eq!(list().matches("trustedCertEntry").count(), count);
    assert_eq!(states(&trust("uninstall", 0)), ["absent"]);
    // Under another alias, which somebody else gave it.
    let args = ["-importcert", "-noprompt", "-alias", "a, b", "-file", "ca.crt", "-storepass", "changeit"];
    test.run(&keytool, &[&args[..], &["-keystore", &store]].concat()).exits(0);
    assert_eq!(states(&trust("status", 0)), ["trusted"]);
    assert_eq!(states(&trust("uninstall", 0)), ["removed"]);
}

#[test]
fn what_is_no_root_is_not_trusted() {
    let test = Test::with_chain("test.example");
    fs::create_dir_all(test.path("image/usr/local/share/ca-certificates")).unwrap();
    let install = |file: &str| {
        let args = ["trust", "install", file, "--store", "system", "--root", "image"];
        test.certkit(&args)
    };
    install("server.crt").exits(2).says("not_a_ca");
    install("intermediate.crt").exits(2).says("is an intermediate");
    install("server.key").exits(2).says("not_a_certificate");
    install("missing.crt").exits(2).says("not_found");
    fs::remove_file(test.path("ca.crt")).unwrap();
    test.certkit(&["trust", "status"]).exits(2).says("ca_not_found");
}

#[test]
fn exported_in_each_form() {
    let Some(openssl) = peer("openssl") else { return };
    let test = folder();
    test.certkit(&["trust", "export", "-o", "copy.crt"]).exits(0).says("copy.crt");
    assert_eq!(test.text("copy.crt"), test.text("ca.crt"));
    // The default name is that of the CA itself, which is no conflict.
    test.certkit(&["trust", "export"]).exits(0);
    test.certkit(&["trust", "export", "-o", "copy.cer"]).exits(0);
    test.run(&openssl, &["x509", "-inform", "DER", "-in", "copy.cer", "-noout"]).exits(0);
    assert_eq!(test.certkit(&["trust", "export", "-o", "-"]).exits(0).stdout(), test.text("ca.crt"));
    test.certkit(&["trust", "export", "server.crt", "-o", "copy.crt"]).exits(2).says("output_exists");
}

#[test]
fn a_profile_for_apple() {
    let Some(python) = python(&[]) else { return };
    let test = Test::new();
    test.certkit(&["mkca", "Müller & <Söhne>"]).exits(0);
    test.certkit(&["trust", "export", "--mobileconfig"]).exits(0).says("ca.mobileconfig");
    let first = test.text("ca.mobileconfig");
    test.certkit(&["trust", "export", "--mobileconfig", "-o", "again.mobileconfig"]).exits(0);
    assert_eq!(test.text("again.mobileconfig"), first, "the same CA makes the same profile");
    test.write(
        "read.py",
        "import json, plistlib, ssl, sys, uuid\n\
         profile = plistlib.load(open('ca.mobileconfig', 'rb'))\n\
         inner, = profile['PayloadContent']\n\
         assert inner['PayloadContent'] == ssl.PEM_cert_to_DER_cert(open('ca.crt').read())\n\
         for payload in (profile, inner):\n    \
             assert str(uuid.UUID(payload['PayloadUUID'])).upper() == payload['PayloadUUID']\n    \
             assert payload['PayloadVersion'] == 1\n\
         assert profile['PayloadUUID'] != inner['PayloadUUID']\n\
         print(json.dumps([profile['PayloadType'], inner['PayloadType'], inner['PayloadDisplayName']]))\n",
    );
    let read = test.run(&python, &["read.py"]).exits(0).json();
    assert_eq!((&read[0], &read[1]), (&json!("Configuration"), &json!("com.apple.security.root")));
    assert!(read[2].as_str().unwrap().starts_with("Müller & <Söhne>"), "{read}");
}

#[test]
fn the_shape_of_its_json() {
    let test = folder();
    fs::create_dir_all(test.path("image/usr/local/share/ca-certificates")).unwrap();
    let report = trust(&test, &["install", "ca.crt", "--root", "image"], 0);
    assert_eq!(report["schema"], 1);
    assert_eq!((&report["action"], &report["dry_run"]), (&json!("install"), &json!(false)));
    assert_eq!(report["file"], "ca.crt");
    assert_eq!(report["certificate"]["role"], "root");
    let path = "image/usr/local/share/ca-certificates";
    assert_eq!(
        report["stores"],
        json!([{"store": "system", "path": path, "state": "installed", "steps": []}])
    );
    assert_eq!((&report["warnings"], &report["errors"]), (&json!([]), &json!([])));
}

#[test]
fn the_next_command_is_about_the_same_stores() {
    let test = folder();
    fs::create_dir_all(test.path("an image/usr/local/share/ca-certificates")).unwrap();
    let options = ["--store", "system", "--root", "an image"];
    let typed = "--store system --root 'an image'";
    let trust = |word: &str, more: &[&str]| test.certkit(&[&["trust", word], &options[..], more].concat());
    trust("status", &[]).exits(1).says(&format!("certkit trust install ca.crt {typed}"));
    trust("install", &["--dry-run"]).exits(0).says(&format!("certkit trust install ca.crt {typed}"));
    trust("install", &[]).exits(0).says(&format!("certkit trust status ca.crt {typed}"));
}
