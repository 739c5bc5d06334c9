//! What cannot be read gets one clear message (what, where, how to mend), the right exit status, and changes nothing.

use crate::harness::{Test, certkit};

/// A folder with a good chain and everything that a file can be instead.
fn folder() -> Test {
    let test = Test::with_chain("test.example");
    std::fs::create_dir(test.path("folder")).unwrap();
    test.write("empty", "");
    test.write("blank", " \n\n");
    test.write("page.html", "<!doctype html><title>404</title>\n");
    test.write(
        "noise",
        (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>(),
    );
    let certificate = test.text("server.crt");
    test.write("cut.crt", &certificate[..certificate.len() / 2]);
    let mut broken = certificate.clone();
    broken.replace_range(100..103, "*?*");
    test.write("broken.crt", broken);
    // Good armour around what is no certificate.
    test.write("hollow.crt", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n");
    test
}

#[test]
fn each_command_says_what_where_and_how() {
    let test = folder();
    let before = test.files();
    // What is typed, the exit statuses that are right, and the code of the finding.
    let table: &[(&[&str], &[i32], &[&str])] = &[
        (&["check", "missing.pem"], &[2], &["not_found"]),
        (&["check", "folder"], &[2], &["is_directory"]),
        (&["check", "empty"], &[2], &["empty_file"]),
        (&["check", "blank"], &[2], &["empty_file", "no_certificate"]),
        (&["check", "page.html"], &[2], &["no_certificate"]),
        (&["check", "noise"], &[2], &["no_certificate"]),
        (&["check", "server.key"], &[2], &["not_a_certificate", "no_certificate"]),
        (&["check", "cut.crt"], &[2], &["pem_truncated"]),
        (&["check", "broken.crt"], &[2], &["pem_malformed"]),
        // The armour is good, the certificate is not: that is an answer, not an accident.
        (&["check", "hollow.crt"], &[1], &["der_malformed"]),
        (&["check", "chain.pem", "--key", "missing.key"], &[2], &["not_found"]),
        (&["check", "chain.pem", "--key", "server.crt"], &[2], &["not_a_private_key", "no_private_key"]),
        (&["check", "chain.pem", "--key", "empty"], &[2], &["empty_file", "no_private_key"]),
        (&["check", "chain.pem", "--key", "folder"], &[2], &["is_directory"]),
        (&["check", "chain.pem", "--roots", "missing.crt"], &[2], &["not_found"]),
        (&["check", "chain.pem", "--roots", "ca.key"], &[2], &["not_a_certificate", "no_certificate"]),
        (&["check", "chain.pem", "--roots", "empty"], &[2], &["empty_file", "no_certificate"]),
        (&["check", "chain.pem", "--host", ""], &[2], &["invalid_name"]),
        (&["merge", "missing.crt"], &[2], &["not_found"]),
        (&["merge", "missing.crt", "ca-bundle.ca"], &[2], &["not_found"]),
        (&["merge", "server.crt", "folder"], &[2], &["is_directory"]),
        (&["merge", "server.crt", "empty"], &[2], &["empty_file"]),
        (&["merge", "server.crt", "page.html"], &[2], &["no_certificate"]),
        (&["merge", "server.crt", "noise"], &[2], &["no_certificate"]),
        (&["merge", "cut.crt", "ca-bundle.ca"], &[2], &["pem_truncated"]),
        (&["merge", "broken.crt", "ca-bundle.ca"], &[2], &["pem_malformed"]),
        (&["merge", "hollow.crt", "ca-bundle.ca"], &[2], &["der_malformed"]),
        (&["merge", "server.key", "ca-bundle.ca"], &[2], &["not_a_certificate", "no_certificate"]),
        (
            &["merge", "server.crt", "ca-bundle.ca", "--key", "server.crt"],
            &[2],
            &["not_a_private_key", "no_private_key"],
        ),
        (&["merge", "server.crt", "ca-bundle.ca", "-o", "folder"], &[2], &["is_directory", "output_exists"]),
        (&["merge", "server.crt", "ca-bundle.ca", "-o", "missing/chain.pem"], &[2], &["io", "not_found"]),
        (&["mkcert", "b.example", "-o", "missing/server"], &[2], &["io", "not_found"]),
        (
            &["mkcert", "b.example", "-o", "b", "--ca", "missing.crt", "--ca-key", "ca.key"],
            &[2],
            &["not_found"],
        ),
        (&["mkcert", "b.example", "-o", "b", "--ca", "empty", "--ca-key", "ca.key"], &[2], &["empty_file"]),
        (
            &["mkcert", "b.example", "-o", "b", "--ca", "ca.crt", "--ca-key", "ca.crt"],
            &[2],
            &["not_a_private_key", "no_private_key"],
        ),
        (
            &["mkcert", "b.example", "-o", "b", "--ca", "ca.key", "--ca-key", "ca.key"],
            &[2],
            &["not_a_certificate", "no_certificate"],
        ),
        (
            &["mkcert", "b.example", "-o", "b", "--ca", "server.crt", "--ca-key", "server.key"],
            &[2],
            &["not_a_ca"],
        ),
        (&["mkca", "--force", "-o", "server.crt"], &[2], &["io"]),
    ];
    for (args, statuses, wanted) in table {
        let line = args.join(" ");
        let ran = test.certkit(args);
        assert!(statuses.iter().any(|status| ran.ended_with(*status)), "{line}: {}", ran.all());
        let said = ran.all();
        assert!(wanted.iter().any(|code| said.contains(code)), "{line}: none of {wanted:?} in {said}");
        let errors = said.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{line}: one clear message, not {errors}: {said}");
        assert!(!said.contains("panicked") && !said.contains("os error"), "{line}: {said}");
        assert!(said.contains("fix:"), "{line} does not say how to mend it: {said}");
        // The same as JSON: one object, the same code, nothing else on standard output.
        let report = test.certkit(&[args, &["--format", "json"][..]].concat()).report();
        assert_eq!(report["schema"], 1, "{line}: {report}");
        let found = if report["reasons"].is_array() { &report["reasons"] } else { &report["errors"] };
        let code = found[0]["code"].as_str().unwrap_or_default();
        assert!(wanted.contains(&code), "{line}: {report}");
        assert_eq!(test.files(), before, "{line} changed something on disk");
    }
}

#[test]
fn an_unreadable_file() {
    let test = folder();
    if rustix::process::geteuid().is_root() {
        // Root may read everything; a file that is a loop of links fails for everybody.
        std::os::unix::fs::symlink("loop.pem", test.path("loop.pem")).unwrap();
        test.certkit(&["check", "loop.pem"]).exits(2).says("loop.pem").keeps_quiet_about("os error");
    } else {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(test.path("server.crt"), std::fs::Permissions::from_mode(0o000)).unwrap();
        test.certkit(&["check", "server.crt"]).exits(2).says("permission");
    }
}

#[test]
fn endless_input_ends() {
    let test = folder();
    test.certkit(&["check", "/dev/zero"]).exits(2).says("too_large");
    test.certkit(&["merge", "server.crt", "/dev/zero"]).exits(2).says("too_large");
    test.write("many", "-----BEGIN CERTIFICATE-----\n".repeat(100_000));
    test.certkit(&["check", "many"]).exits(2).says("pem_");
}

#[test]
fn names_with_control_characters_do_not_reach_the_terminal() {
    let test = folder();
    let before = test.files();
    let name = "evil\u{1b}[31m\u{202e}.pem";
    test.certkit(&["check", name]).exits(2).keeps_quiet_about("\u{1b}").keeps_quiet_about("\u{202e}");
    test.program(certkit()).args(["merge", name]).run().exits(2).keeps_quiet_about("\u{1b}");
    assert_eq!(test.files(), before);
}
