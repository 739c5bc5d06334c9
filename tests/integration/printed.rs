//! What users see: the text of every command at 80 columns, its JSON and its help, kept under `snapshots/`. A reviewer
//! sees each change of a sentence in the diff. `INSTA_UPDATE=always cargo test --test integration -- printed::` takes
//! the new ones.
//!
//! What differs from run to run is replaced: times, days, serial numbers, fingerprints, the user and the machine.

use crate::harness::{Ran, Test, certkit};

/// What differs, and what stands in its place.
const FILTERS: &[(&str, &str)] = &[
    (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", "[time]"),
    (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})? UTC", "[time]"),
    (r"\d{4}-\d{2}-\d{2}", "[date]"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){15,}", "[hex]"),
    (r"\b[0-9a-f]{30,}\b", "[hex]"),
    (r"\(\d+ days left\)", "([days] days left)"),
    (r#""days_left": -?\d+"#, r#""days_left": "[days]""#),
    (r"in \d+\.\d s\b", "in [seconds] s"),
    (r#""seconds": [0-9.e-]+"#, r#""seconds": "[seconds]""#),
    (r"lines \d+-\d+", "lines [lines]"),
    (r"line \d+", "line [line]"),
    (r"(?m)^  \d+ \|", "  [n] |"),
    (r#"("lines": \[\n\s+)\d+(,\n\s+)\d+"#, "${1}1${2}2"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (r#""port": \d+"#, r#""port": "[port]""#),
    (r"\d+ bytes", "[n] bytes"),
    (r"\[[0-9a-f]{12}\]", "[id]"),
    (r"certkit-[0-9a-f]{16}", "certkit-[id]"),
    (r"[^ ]*/certkit-test-[^/]+/work", "[folder]"),
    // Tests may run as root or not.
    (r"(?m)^warning\[permission\] certkit (and the application run|runs) as root.*\n(  .*\n)*", ""),
];

fn hold(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, replacement) in FILTERS {
        settings.add_filter(pattern, *replacement);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The commands of a story, in order; each is run for people and, where its files allow it, for scripts.
const STORY: &[(&str, &[&str])] = &[
    ("mkca", &["mkca", "--intermediate", "--subject", "O=Test,CN=Test CA"]),
    ("mkca_again", &["mkca"]),
    ("mkcert", &["mkcert", "test.example", "127.0.0.1"]),
    ("mkcert_bad_name", &["mkcert", "not a name"]),
    ("mkcert_exists", &["mkcert", "test.example"]),
    ("csr", &["csr", "shop.example", "-o", "shop.csr"]),
    ("sign", &["sign", "shop.csr"]),
    ("renew", &["renew", "shop.crt"]),
    ("renew_nothing_due", &["renew", "--if-within", "10d"]),
    // Several threads: the order in which the ledger has them is chance, so what follows names one alone.
    ("mkcert_bulk", &["mkcert", "--from", "names.txt", "-o", "many"]),
    ("revoke", &["revoke", "many/a.example.crt"]),
    ("revoke_again", &["revoke", "many/a.example.crt"]),
    ("crl", &["crl"]),
    ("list", &["list"]),
    ("list_name", &["list", "shop.example"]),
    ("export_several", &["export", "shop.example"]),
    ("merge", &["merge", "server.crt", "ca-bundle.ca"]),
    ("merge_glued", &["merge", "glued.pem", "-o", "mended.pem"]),
    ("merge_missing_file", &["merge", "server.crt", "missing.ca", "--force"]),
    ("merge_two_leaves", &["merge", "server.crt", "shop.crt", "-o", "two.pem"]),
    ("check", &["check", "chain.pem", "--host", "test.example", "--key", "server.key"]),
    ("check_glued", &["check", "glued.pem"]),
    ("check_wrong_host", &["check", "chain.pem", "--host", "www.other.example", "--roots", "ca.crt"]),
    ("check_missing_intermediate", &["check", "server.crt", "--roots", "ca.crt"]),
    ("check_wrong_key", &["check", "chain.pem", "--key", "ca.key", "--roots", "ca.crt"]),
    ("check_not_a_certificate", &["check", "server.key"]),
    ("check_cut_off", &["check", "cut.pem"]),
    ("check_explain", &["check", "--explain", "missing_intermediate"]),
    ("check_option_unknown", &["check", "--nonsense"]),
    ("show", &["show", "chain.pem"]),
    ("show_request", &["show", "shop.csr"]),
    ("show_crl", &["show", "intermediate.crl"]),
    ("key_new", &["key", "new", "-o", "new.key"]),
    ("key_show", &["key", "show", "new.key"]),
    ("key_encrypt", &["key", "encrypt", "new.key", "-o", "locked.key", "--password-file", "pw"]),
    ("key_decrypt", &["key", "decrypt", "locked.key", "-o", "open.key", "--password-file", "pw"]),
    ("key_decrypt_wrong", &["key", "decrypt", "locked.key", "-o", "o.key", "--password-file", "names.txt"]),
    ("key_match", &["key", "match", "server.key", "server.crt", "shop.crt"]),
    ("convert", &["convert", "server.crt", "--key", "server.key", "-o", "site.p12", "--password-file", "pw"]),
    ("trust_install_planned", &["trust", "install", "--store", "system", "--root", "image", "--dry-run"]),
    ("trust_install", &["trust", "install", "--store", "system", "--root", "image"]),
    ("trust_status", &["trust", "status", "--store", "system", "--root", "image"]),
    ("trust_list", &["trust", "list", "--store", "system", "--root", "image"]),
    ("trust_env", &["trust", "env", "--root", "image", "--shell", "dockerfile"]),
    ("trust_uninstall", &["trust", "uninstall", "--store", "system", "--root", "image"]),
    ("trust_export", &["trust", "export", "-o", "export.crt"]),
    ("hosts_add", &["hosts", "add", "app.test", "--file", "hosts"]),
    ("hosts_check", &["hosts", "check", "app.test", "--file", "hosts"]),
    ("hosts_remove", &["hosts", "remove", "app.test", "--file", "hosts"]),
    ("acme_list_empty", &["acme", "list", "--state", "state"]),
    ("acme_obtain_bad_name", &["acme", "obtain", "no name", "--state", "state"]),
    ("acme_account_none", &["acme", "account", "show", "--state", "state"]),
    ("acme_revoke_none", &["acme", "revoke", "none.example", "--state", "state"]),
    ("acme_install_timer", &["acme", "install-timer", "--systemd", "--root", "image", "--state", "state"]),
    ("serve_missing_app", &["serve", "missing.py"]),
    ("serve_wrong_key", &["serve", "--cert", "chain.pem", "--key", "ca.key", "index.py"]),
];

#[test]
fn the_text_and_the_json_of_every_command() {
    for format in ["text", "json"] {
        let test = folder();
        for (name, args) in STORY {
            let ran = run(&test, args, format);
            let said = match format {
                "json" => pretty(&ran),
                _ => format!("{}{}", ran.stdout(), ran.stderr()),
            };
            hold(&format!("{format}__{name}"), &format!("{}\nstatus {}\n", said.trim_end(), ran.status()));
        }
    }
}

/// A folder with what the story needs.
fn folder() -> Test {
    let test = Test::new();
    test.write("names.txt", "a.example b.example\nc.example\n");
    test.write("pw", "correct horse battery\n");
    test.write("hosts", "127.0.0.1 localhost\n");
    test.write("index.py", "def application(environ, start_response): pass\n");
    test.write("image/usr/local/share/ca-certificates/.keep", "");
    test.certkit(&["mkca", "Other", "-o", "other"]).exits(0);
    test
}

fn run(test: &Test, args: &[&str], format: &str) -> Ran {
    let cut = |text: String, lines: usize| text.lines().take(lines).collect::<Vec<_>>().join("\n") + "\n";
    if args.contains(&"glued.pem") || args.contains(&"cut.pem") {
        let server = test.text("server.crt");
        test.write("glued.pem", server.trim_end().to_owned() + &test.text("ca-bundle.ca"));
        test.write("cut.pem", cut(server, 6));
    }
    let words: Vec<_> = if format == "json" { [args, &["--format", "json"]].concat() } else { args.to_vec() };
    test.program(certkit()).args(words).env("COLUMNS", "80").run()
}

fn pretty(ran: &Ran) -> String {
    serde_json::to_string_pretty(&ran.envelope()).unwrap()
}

#[test]
fn the_help_of_every_command() {
    let test = Test::new();
    let mut pending: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = pending.pop() {
        let words: Vec<_> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = test.program(certkit()).args(&words).env("COLUMNS", "80").run().exits(0);
        let help = ran.stdout();
        let name = if command.is_empty() { "certkit".to_owned() } else { command.join("_") };
        hold(&format!("help__{name}"), &help);
        seen += 1;
        let below = help.split("\nCommands:\n").nth(1).and_then(|text| text.split("\n\n").next());
        for line in below.unwrap_or_default().lines() {
            // Deeper lines go on with the text of the command above.
            let Some(line) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) else { continue };
            let below = line.split_whitespace().next().unwrap();
            if below != "help" {
                pending.push([&command[..], &[below.to_owned()]].concat());
            }
        }
    }
    assert!(seen > 30, "{seen} helps");
    let options = test.program(certkit()).args(["help", "options"]).env("COLUMNS", "80").run().exits(0);
    hold("help__options", &options.stdout());
}
