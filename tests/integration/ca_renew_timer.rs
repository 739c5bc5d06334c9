//! `renew --install-timer`: the files that are written, and that the command in them runs.

use crate::harness::{Test, certkit};
use crate::peers::peer;

/// The file of a unit below `image`.
fn unit(test: &Test, ending: &str) -> String {
    unit_called(test, "certkit-renew", ending)
}

fn unit_called(test: &Test, name: &str, ending: &str) -> String {
    let kind = if rustix::process::geteuid().is_root() { "system" } else { "user" };
    let ending = format!("systemd/{kind}/{name}.{ending}");
    test.names().into_iter().find(|name| name.ends_with(&ending)).unwrap()
}

/// A list of `ca.crt` that should have been replaced years ago.
fn old_list(test: &Test, openssl: &std::path::Path) {
    test.write("index.txt", "");
    test.write("ca.cnf", "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ndefault_md=sha256\n");
    let dates = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z"];
    let args =
        ["ca", "-gencrl", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-out", "ca.crl"];
    test.run(openssl, &[&args[..], &dates].concat()).exits(0);
}

#[test]
fn the_command_of_the_units_renews_leaves_and_lists() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("a.test");
    old_list(&test, &openssl);
    let (certificate, list) = (test.text("server.crt"), test.text("ca.crl"));
    let said = test.path("said").display().to_string();
    let hook = format!("echo \"100% of $CERTKIT_RENEWED\" > {said}");
    let args = ["renew", "--install-timer", "--root", "image", "--if-within", "100%", "--deploy-hook", &hook];
    let before = test.files();
    test.certkit(&[&args[..], &["--dry-run"]].concat()).exits(0).says("OnCalendar=hourly");
    assert_eq!(test.files(), before);
    let installed = test.certkit(&args).exits(0);
    installed.says("enable --now certkit-renew.timer").says("runs `certkit renew` every hour");
    let service = test.text(&unit(&test, "service"));
    for line in ["OnCalendar=hourly", "RandomizedDelaySec=600s", "Persistent=true"] {
        assert!(test.text(&unit(&test, "timer")).contains(line), "{line}");
    }
    if let Some(analyze) = peer("systemd-analyze") {
        let (service, timer) = (unit(&test, "service"), unit(&test, "timer"));
        let ran = test.run(&analyze, &["verify", "--man=no", &service, &timer]).exits(0);
        assert_eq!(ran.all(), "");
    }

    // As systemd.service(5) reads it: %% and $$ stand for themselves. From any folder.
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let command = command.replace("%%", "%").replace("$$", "\\$");
    test.run("sh", &["-c", &format!("cd / && {command}")]).exits(0);
    assert_ne!(test.text("server.crt"), certificate);
    assert_ne!(test.text("ca.crl"), list);
    assert_eq!(test.text("said"), format!("100% of {}\n", test.path("server.crt").display()));
    // Neither is due again.
    let list = test.text("ca.crl");
    test.certkit(&["renew", "--crl"]).exits(0).says("none due");
    assert_eq!(test.text("ca.crl"), list);
}

#[test]
fn the_line_of_cron_runs() {
    let test = Test::with_certificate("a.test");
    let certificate = test.text("server.crt");
    let said = test.path("said").display().to_string();
    let hook = format!("echo '100% of' > {said}");
    let args =
        ["renew", "--install-timer=cron", "--root", "image", "--if-within", "100%", "--deploy-hook", &hook];
    let ran = test.certkit(&args).exits(0);
    let is_root = rustix::process::geteuid().is_root();
    let text = if is_root { test.text("image/etc/cron.d/certkit-renew") } else { ran.stdout() };
    let line = text.lines().find(|line| line.starts_with("0 * * * * ")).unwrap();
    // crontab(5): a percent sign that is not escaped begins the standard input.
    let (_, command) = line.split_once(")); ").unwrap();
    assert!(!command.replace("\\%", "").contains('%'), "{command}");
    test.run("sh", &["-c", &format!("cd / && {}", command.replace("\\%", "%"))]).exits(0);
    assert_ne!(test.text("server.crt"), certificate);
    assert_eq!(test.text("said"), "100% of\n");

    let broken = ["renew", "--install-timer=cron", "--root", "other", "--deploy-hook", "echo\necho"];
    test.certkit(&broken).exits(2).says("one line for each command");
    assert!(!test.path("other").exists());
}

#[test]
fn a_timer_is_not_left_without_the_password() {
    let test = Test::new();
    test.write("pw", "secret\n");
    test.certkit(&["mkca", "--encrypt", "--password-file", "pw"]).exits(0);
    let install = |args: &[&str]| {
        let base = ["renew", "--install-timer", "--root", "image"];
        test.program(certkit()).args([&base[..], args].concat()).env("CERTKIT_PASSWORD", "secret").run()
    };
    install(&[]).exits(2).says("key_encrypted").says("--password-file");
    assert!(!test.path("image").exists());
    install(&["--password-file", "pw"]).exits(0);
    let password_file = format!("--password-file {}", test.path("pw").display());
    assert!(test.text(&unit(&test, "service")).contains(&password_file));
    test.write(&unit(&test, "timer"), "mine");
    install(&["--password-file", "pw"]).exits(2).says("output_exists").says("--force");
    install(&["--password-file", "pw", "--force"]).exits(0);
}

#[test]
fn each_ca_has_a_timer_of_its_own() {
    let test = Test::new();
    for folder in ["one", "two/The Team", "three/the-team"] {
        test.certkit(&["mkca", "-o", folder]).exits(0);
    }
    let install = |kind: &str, folder: &str, more: &[&str]| {
        let (ca, key) = (format!("{folder}/ca.crt"), format!("{folder}/ca.key"));
        let args = ["renew", kind, "--root", "image", "--ca", &ca, "--ca-key", &key];
        test.certkit(&[&args[..], more].concat())
    };
    let units = [
        ("one", "certkit-renew"),
        ("two/The Team", "certkit-renew-the-team"),
        ("three/the-team", "certkit-renew-the-team-2"),
    ];
    for (folder, unit) in units {
        let dry = install("--install-timer", folder, &["--dry-run"]).exits(0);
        let installed = install("--install-timer", folder, &[]).exits(0);
        for ran in [dry, installed] {
            ran.says(&format!("enable --now {unit}.timer"));
        }
    }
    // Again, and with other options, each is known by its CA.
    for (folder, unit) in units {
        install("--install-timer", folder, &[]).exits(0);
        let refused = install("--install-timer", folder, &["--rekey"]).exits(2);
        refused.says("output_exists").says(&format!("{unit}.service")).says("--force");
        install("--install-timer", folder, &["--rekey", "--force"]).exits(0).says(&format!("{unit}.timer"));
        let service = test.text(&unit_called(&test, unit, "service"));
        assert!(service.contains(&format!("{folder}/ca.crt")) && service.contains("--rekey"), "{service}");
    }
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (folder, unit) in units {
        for _ in 0..2 {
            install("--install-timer=cron", folder, &[]).exits(0).says(&format!("cron.d/{unit}"));
        }
        assert!(test.text(&format!("image/etc/cron.d/{unit}")).contains(&format!("{folder}/ca.crt")));
    }
}

/// A CA that was moved gets a timer of its own, and the old one, which fails from then on, is named with what removes it.
#[test]
fn a_timer_that_was_left_behind_is_named() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "my 100% $ca"]).exits(0);
    test.certkit(&["mkca", "-o", "other"]).exits(0);
    let install = |kind: &str, folder: &str| {
        let (ca, key) = (format!("{folder}/ca.crt"), format!("{folder}/ca.key"));
        test.certkit(&["renew", kind, "--root", "image", "--ca", &ca, "--ca-key", &key, "--format", "json"])
    };
    let left = |kind: &str, folder: &str| install(kind, folder).exits(0).envelope()["findings"].clone();
    let is_root = rustix::process::geteuid().is_root();
    let kinds: &[&str] =
        if is_root { &["--install-timer", "--install-timer=cron"] } else { &["--install-timer"] };
    for kind in kinds {
        assert_eq!(left(kind, "my 100% $ca"), serde_json::json!([]));
        assert_eq!(left(kind, "other"), serde_json::json!([]));
    }
    std::fs::rename(test.path("my 100% $ca"), test.path("moved")).unwrap();
    for kind in kinds {
        let findings = left(kind, "moved");
        let findings = findings.as_array().unwrap();
        assert_eq!(findings.len(), kinds.len(), "{findings:#?}");
        for finding in findings {
            assert!(finding["message"].as_str().unwrap().contains("my 100% $ca/ca.crt"), "{finding}");
            assert_eq!(finding["severity"], "warning");
        }
    }
    let findings = left(kinds[0], "moved");
    for finding in findings.as_array().unwrap() {
        let fix = finding["fix"].as_str().unwrap();
        let remove = fix.split('`').find(|span| span.starts_with("rm ")).unwrap();
        test.run("sh", &["-c", remove]).exits(0);
    }
    for kind in kinds {
        assert_eq!(left(kind, "moved"), serde_json::json!([]));
    }
    let names: Vec<_> = test.names().into_iter().filter(|name| name.contains("/certkit-renew")).collect();
    assert_eq!(names.len(), if is_root { 6 } else { 4 }, "one timer for each CA: {names:?}");
}
