//! The map in `src/lib.rs` is kept: every `crate::ROOM` in the code follows one of its arrows.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository;

/// Which rooms a room may use, besides itself and the leaves.
const ARROWS: &[(&str, &[&str])] = &[
    ("acme", &["tls", "x509"]),
    ("advice", &["container", "operands", "tls", "x509"]),
    ("ca", &["x509"]),
    ("chain", &["x509"]),
    // Arguments are parsed into the types that own the words, such as the kinds of keys and addresses to listen on.
    ("cli", &["acme", "ca", "config", "serve", "x509"]),
    (
        "commands",
        &[
            "acme",
            "advice",
            "ca",
            "chain",
            "cli",
            "config",
            "container",
            "operands",
            "render",
            "serve",
            "tls",
            "trust",
            "x509",
        ],
    ),
    ("config", &["serve"]),
    ("container", &[]),
    ("der", &[]),
    ("finding", &[]),
    ("lib", &["acme", "chain", "commands", "config", "container", "der", "render", "x509"]),
    ("main", &["run"]),
    ("operands", &["advice", "ca", "chain", "cli", "container", "tls", "x509"]),
    ("pem", &[]),
    ("protocol", &[]),
    // How a report looks is chosen by the global options.
    ("render", &["cli"]),
    ("report", &[]),
    ("serve", &["chain", "tls", "x509"]),
    ("sys", &[]),
    ("tls", &["x509"]),
    ("trust", &["x509"]),
    ("x509", &[]),
];

/// Usable everywhere.
const LEAVES: &[&str] = &["der", "finding", "pem", "protocol", "report", "sys"];

/// Rooms that may know an async runtime; all others are plain functions.
const ASYNC: &[&str] = &["acme", "commands", "serve", "tls"];

#[test]
fn rooms_use_only_what_the_map_lets_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(&repository().join("src")) {
        // As after `#[cfg(test)]`, a file of tests may borrow from anywhere.
        if file.ends_with("tests.rs") {
            continue;
        }
        let room = room_of(&file);
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            panic!("{} is in no room of the map", file.display());
        };
        for (number, line) in code_lines(&file) {
            for used in rooms_in(&line) {
                seen += 1;
                if used != room && !LEAVES.contains(&used) && !allowed.contains(&used) {
                    wrong.push(format!("{}:{number}: {room} uses {used}: {line}", file.display()));
                }
            }
            if line.contains("tokio::") && !ASYNC.contains(&room.as_str()) {
                wrong.push(format!("{}:{number}: {room} is no async room: {line}", file.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} uses found: does this test still see the code?");
    assert!(wrong.is_empty(), "against the map in src/lib.rs:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    let long: Vec<_> = ["src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&repository().join(folder)))
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "files that want to be split: {long:?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests"] {
        for file in rust_files(&repository().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//! "), "{} does not begin with its purpose", file.display());
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `src/chain/order.rs` is in `chain`, `src/main.rs` in `main`.
fn room_of(file: &Path) -> String {
    let below = file.strip_prefix(repository().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The lines that are code of the product: no comments, and nothing after `#[cfg(test)]` or in a file of tests, where
/// a test may borrow from anywhere.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    if file.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap();
    (1..)
        .zip(text.lines().map(str::trim))
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.starts_with("//"))
        .map(|(number, line)| (number, line.to_owned()))
        .collect()
}

/// Every `x` of a `crate::x` (in the binary: `certkit::x`), also of `crate::{x::Y, z::W}` on one line.
fn rooms_in(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for prefix in ["crate::", "certkit::"] {
        for (start, _) in line.match_indices(prefix) {
            let rest = &line[start + prefix.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                let items = group.split(|c: char| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && c == ','
                });
                found.extend(items.map(|item| word(item.trim())));
            } else {
                found.push(word(rest));
            }
        }
    }
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
