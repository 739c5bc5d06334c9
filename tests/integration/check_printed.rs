//! Commands that `check` and `merge` print for several files, for standard input and for the lines of a batch: each is about
//! what was given, and is run as it was printed. fixes.rs does so for one file and every code.

use certkit::internals::sys::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use crate::ca_renewed::run_printed;
use crate::harness::{Ran, Test, certkit};
use crate::live_front::{End, Front, say};
use crate::process::Server;

/// `a.pem` and `b.pem`: the issuers before their certificate.
fn in_wrong_order() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    for name in ["a", "b"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
        test.write(&format!("{name}.pem"), test.text("ca-bundle.ca") + &test.text(&format!("{name}.crt")));
    }
    // Nothing is found in the folder: a command without --roots would judge otherwise.
    std::fs::rename(test.path("ca.crt"), test.path("root.crt")).unwrap();
    test
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The first finding of this kind.
fn found<'a>(report: &'a Value, code: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code}: {report:#}"))
}

fn commands(finding: &Value) -> Vec<&str> {
    finding["commands"].as_array().into_iter().flatten().map(|command| command.as_str().unwrap()).collect()
}

/// The commands of a fix that have words in capitals, with the files that these stand for.
fn with_words(finding: &Value, words: &[(&str, &str)]) -> Vec<String> {
    let fix = finding["fix"].as_str().unwrap();
    for (word, _) in words {
        assert_eq!(fix.matches(&format!("\n{word} stands for ")).count(), 1, "{fix}");
    }
    // What has such a word, or reads standard input, is not ready to be run.
    let is_ready = |command: &&str| {
        !command.split(' ').any(|word| word == "-" || words.iter().any(|(of, _)| *of == word))
    };
    assert!(commands(finding).iter().all(is_ready), "{fix}");
    let spans = fix.split('`').skip(1).step_by(2).filter(|span| span.starts_with("certkit "));
    spans
        .map(|span| words.iter().fold(span.to_owned(), |span, (word, file)| span.replace(word, file)))
        .collect()
}

#[test]
fn each_of_several_files_has_a_file_of_its_own() {
    let test = in_wrong_order();
    std::fs::create_dir(test.path("more")).unwrap();
    std::fs::copy(test.path("a.pem"), test.path("more/a.pem")).unwrap();
    let names = ["a.pem", "b.pem", "more/a.pem", "a.pem"];
    let ran = test
        .certkit(&[&["check"], &names[..], &["--roots", "root.crt", "--format", "json"]].concat())
        .exits(1);
    let outputs = ["a.fixed.pem", "b.fixed.pem", "more/a.fixed.pem", "a-2.fixed.pem"];
    for ((report, name), output) in lines(&ran).iter().zip(names).zip(outputs) {
        let command = format!("certkit merge {name} -o {output} --roots root.crt");
        assert_eq!(commands(found(report, "wrong_order")), [command.as_str()]);
        run_printed(&test, &command).exits(0);
    }
    test.certkit(&[&["check"], &outputs[..], &["--roots", "root.crt"]].concat()).exits(0);
    // Names that are taken are not proposed.
    let ran = test.certkit(&["check", "a.pem", "b.pem", "--roots", "root.crt"]).exits(1);
    ran.says("-o a-3.fixed.pem").says("-o b-2.fixed.pem");
}

#[test]
fn each_of_several_servers_has_a_file_of_its_own() {
    let test = in_wrong_order();
    let server = Server::start(&test, &["--cert", "a.crt", "--key", "a.key", "--force"]);
    let names = [format!("127.0.0.1:{}", server.port), format!("localhost:{}", server.port)];
    let args = ["check", &names[0], &names[1], "--host", "a.test", "--roots", "root.crt"];
    let ran = test.certkit(&args).exits(1);
    for output in
        [format!("127.0.0.1_{}.fixed.pem", server.port), format!("localhost_{}.fixed.pem", server.port)]
    {
        let command = format!("certkit merge server.crt ca-bundle.ca -o {output} --roots root.crt");
        assert_eq!(ran.stdout().matches(&command).count(), 1, "{}", ran.stdout());
        ran_says(&ran, &format!("ssl_certificate {output};"));
    }
}

fn ran_says(ran: &Ran, text: &str) {
    assert!(ran.stdout().contains(text), "`{text}` is not in {}", ran.stdout());
}

#[test]
fn standard_input_is_not_read_a_second_time() {
    let test = in_wrong_order();
    let piped = |args: &[&str], input: &str| {
        test.program(certkit()).args(args).args(["--format", "json"]).stdin(test.text(input)).run()
    };
    let command_of = |ran: &Ran, code: &str, file: &str| {
        let report = ran.envelope();
        let [command] = &with_words(found(&report, code), &[("INPUT", file)])[..] else {
            panic!("{report:#}")
        };
        command.clone()
    };
    // Another order, a key beside the certificates, a line that openssl does not read, another form.
    test.write("key.pem", test.text("a.crt") + &test.text("ca-bundle.ca") + &test.text("a.key"));
    let glued = (test.text("a.crt") + &test.text("ca-bundle.ca")).replace("-----\n-----", "----------");
    test.write("glued.pem", glued);
    test.certkit(&["convert", "a.crt", "--chain", "ca-bundle.ca", "-o", "form.p7b"]).exits(0);
    let files = [
        ("wrong_order", "a.pem"),
        ("private_key_in_input", "key.pem"),
        ("pem_glued", "glued.pem"),
        ("pkcs7", "form.p7b"),
    ];
    for (number, (code, file)) in files.into_iter().enumerate() {
        let ran = piped(&["check", "-", "--roots", "root.crt"], file);
        let command = command_of(&ran, code, file);
        let output = ["chain.pem", "fixed.pem", "chain.fixed.pem", "chain.new.pem"][number];
        assert_eq!(command, format!("certkit merge {file} -o {output} --roots root.crt"));
        run_printed(&test, &command).exits(0);
        test.certkit(&["check", output, "--roots", "root.crt"]).exits(0);
    }
    // The roots and the key may come that way as well.
    let ran = piped(&["check", "a.pem", "--roots", "-"], "root.crt").exits(1);
    let command = command_of(&ran, "wrong_order", "root.crt");
    assert!(command.ends_with(" --roots root.crt"), "{command}");
    let args = ["merge", "a.pem", "-o", "m.pem", "--roots", "-"];
    assert_eq!(piped(&args, "root.crt").exits(0).envelope()["next"], json!(["certkit show m.pem"]));
    let args = ["merge", "a.pem", "-o", "n.pem", "--key", "-", "--roots", "root.crt"];
    let next = piped(&args, "a.key").exits(0).envelope()["next"].clone();
    assert_eq!(next, json!(["certkit check n.pem --host a.test --roots root.crt"]));
    // A self-signed certificate, whose fix has several commands.
    let mut made = rcgen::CertificateParams::new(vec!["s.test".to_owned()]).unwrap();
    made.distinguished_name.push(rcgen::DnType::CommonName, "s.test");
    let key = rcgen::KeyPair::generate().unwrap();
    test.write("self.pem", made.self_signed(&key).unwrap().pem());
    let report = piped(&["check", "-"], "self.pem").exits(1).envelope();
    let printed = with_words(found(&report, "self_signed"), &[("INPUT", "self.pem")]);
    assert!(printed.contains(&"certkit check self.pem --roots self.pem".to_owned()), "{printed:?}");
    assert!(printed.contains(&"certkit trust install self.pem".to_owned()), "{printed:?}");

    let report = piped(&["merge", "-"], "a.crt").exits(1).envelope();
    let printed = with_words(found(&report, "missing_intermediate"), &[("INPUT", "a.crt")]);
    assert_eq!(printed, ["certkit merge a.crt ca-bundle.ca"]);
    let both = test.text("a.crt") + &test.text("b.crt") + &test.text("ca-bundle.ca");
    test.write("both.pem", both);
    let report = piped(&["merge", "-"], "both.pem").exits(1).envelope();
    let printed =
        with_words(found(&report, "multiple_leaves"), &[("INPUT", "both.pem"), ("FILE", "b.key")][..1]);
    assert_eq!(printed, ["certkit merge both.pem --key FILE"]);
    let report = piped(&["merge", "-", "none.ca"], "a.crt").exits(2).envelope();
    assert_eq!(with_words(found(&report, "not_found"), &[("INPUT", "a.crt")]), ["certkit merge a.crt"]);
}

#[test]
fn standard_input_is_one_file() {
    let test = in_wrong_order();
    for args in [
        &["check", "-", "-"][..],
        &["check", "-", "--roots", "-"],
        &["check", "a.pem", "--roots", "-", "--key", "-"],
        &["check", "a.pem", "--crl", "-", "--crl", "-"],
        &["merge", "-", "-"],
        &["merge", "a.pem", "--key", "-", "--roots", "-"],
    ] {
        let ran = test.program(certkit()).args(args).stdin(test.text("a.pem")).run().exits(2);
        ran.says("standard input can be read once only, and `-` names it 2 times").says("Save what comes");
    }
    // Once, among several.
    let args = ["check", "-", "b.pem", "--roots", "root.crt"];
    let ran = test.program(certkit()).args(args).stdin(test.text("a.pem")).run().exits(1);
    ran.says("certkit merge INPUT -o INPUT.fixed.pem").says("-o b.fixed.pem").says("INPUT stands for a file");
}

#[test]
fn fixes_of_a_batch_are_about_the_line() {
    let test = in_wrong_order();
    let text = |name: &str| test.text(name);
    // The certificates are valid then, and commands know whole seconds.
    let at = (SystemClock.now() + Duration::days(30)).replace_nanosecond(0).unwrap();
    let at = at.format(&Rfc3339).unwrap();
    let now = json!({"id": 0, "chain": "a.pem", "roots": "root.crt"});
    let cases = [
        now.clone(),
        json!({"id": 1, "chain": ["ca-bundle.ca", "b.crt"], "roots": ["root.crt", "root.crt"]}),
        json!({"id": 2, "chain_pem": text("a.pem"), "roots_pem": text("root.crt")}),
        json!({"id": 3, "chain": "a.crt", "roots": "root.crt", "at": at, "host": "a.test"}),
        json!({"id": 4, "chain_pem": text("a.crt") + &text("b.crt") + &text("root.crt"), "roots": "root.crt", "key_pem": text("a.key"), "warnings": true}),
    ];
    let batch = |cases: &[Value]| {
        let input: String = cases.iter().map(|case| format!("{case}\n")).collect();
        test.program(certkit()).args(["check", "--batch", "-"]).stdin(input).run()
    };
    let reports = lines(&batch(&cases).exits(1));
    let command = commands(found(&reports[0], "wrong_order"));
    assert_eq!(command, ["certkit merge a.pem -o a.fixed.pem --roots root.crt"]);
    run_printed(&test, command[0]).exits(0);
    batch(&[json!({"chain": "a.fixed.pem", "roots": "root.crt"})]).exits(0);

    let finding = found(&reports[1], "wrong_order");
    let fix = finding["fix"].as_str().unwrap();
    assert!(fix.contains("CHAIN stands for one file with `ca-bundle.ca`, `b.crt`, in this order."), "{fix}");
    let command = with_words(finding, &[("CHAIN", "b")]);
    assert_eq!(command, ["certkit merge b -o b.fixed.pem --roots root.crt --roots root.crt"]);

    let words = [("CHAIN", "saved"), ("ROOTS", "saved.roots")];
    let command = with_words(found(&reports[2], "wrong_order"), &words);
    assert_eq!(command, ["certkit merge saved -o saved.fixed.pem --roots saved.roots"]);
    test.write("saved", text("a.pem"));
    test.write("saved.roots", text("root.crt"));
    run_printed(&test, &command[0]).exits(0);

    let commands_of = commands(found(&reports[3], "missing_intermediate"));
    assert_eq!(
        commands_of,
        [format!("certkit merge a.crt ca-bundle.ca -o a.crt.fixed.pem --roots root.crt --at {at}")]
    );
    let fix = found(&reports[3], "missing_intermediate")["fix"].as_str().unwrap().to_owned();
    assert!(fix.contains(&format!("`certkit check a.crt --host a.test --at {at} --roots FILE`")), "{fix}");
    run_printed(&test, commands_of[0]).exits(0);
    batch(&[json!({"chain": "a.crt.fixed.pem", "roots": "root.crt", "at": at, "host": "a.test"})]).exits(0);

    let words = [("CHAIN", "saved"), ("KEY", "a.key")];
    let command = with_words(found(&reports[4], "missing_intermediate"), &words);
    assert_eq!(
        command[0],
        "certkit merge saved ca-bundle.ca --key a.key -o saved.fixed.pem --roots root.crt"
    );
    test.write("saved", text("a.crt") + &text("b.crt") + &text("root.crt"));
    run_printed(&test, &(command[0].clone() + " --force")).exits(0);
    batch(&[json!({"chain": "saved.fixed.pem", "roots": "root.crt", "key": "a.key"})]).exits(0);
}

#[test]
fn show_is_tried_again_by_show() {
    let test = Test::new();
    let front = Front::start(&[say("220 mail.test ESMTP\r\n")], End::Close);
    let place = format!("127.0.0.1:{}", front.port);
    for command in ["show", "check"] {
        let ran = test.certkit(&[command, &place, "--starttls", "smtp", "--timeout", "2"]).exits(2);
        ran.says(&format!("certkit {command} {place} --starttls smtp --timeout 30"));
    }
}
