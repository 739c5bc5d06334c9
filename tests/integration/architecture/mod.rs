//! The house: which room may use which, drawn in `src/lib.rs` from the table in [`rooms`], and the rules for files and names.
//!
//! `make map` draws the map anew after a change of the table. There are no exceptions.

mod graph;
pub(crate) mod lexer;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::harness::repository;

pub(crate) use self::graph::rust_files;
use self::graph::{SourceGraph, Use};
use self::lexer::Token;
use self::rooms::{ASYNC, LEAVES, ROOMS, drawing, is_leaf, room};

/// Files that hold the drawing between two marks; the first one must.
const DRAWN_IN: &[(&str, &str)] = &[("src/lib.rs", "//! "), ("docs/architecture.md", "")];

const MOST_LINES: usize = 500;
const MOST_LINES_OF_A_COMMAND: usize = 200;

/// Too general for a file, or for a type or function that other files see.
const SAYS_NOTHING: &[&str] = &[
    "answer", "entry", "found", "goal", "journey", "kind", "look", "place", "refusal", "standing", "terms",
    "turn", "words",
];

/// What is against a rule: what, and where.
struct Violation {
    key: String,
    detail: String,
}

#[track_caller]
fn none(rule: &str, violations: &[Violation]) {
    let lines: String = violations
        .iter()
        .map(|Violation { key, detail }| format!("{key}\n    {}\n", detail.replace('\n', "\n    ")))
        .collect();
    assert!(lines.is_empty(), "{rule}\n{lines}");
}

/// Whether the map is drawn instead of compared (`make map`).
fn draws() -> bool {
    std::env::var_os("CERTKIT_UPDATE").is_some()
}

#[test]
fn the_map_is_drawn_from_the_table() {
    let drawing = drawing();
    for (file, prefix) in DRAWN_IN {
        let path = repository().join(file);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let wanted: String =
            drawing.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned() + "\n").collect();
        let marks = [format!("{prefix}<!-- map -->\n"), format!("{prefix}<!-- end of map -->\n")];
        let Some((start, end)) = text.find(&marks[0]).zip(text.find(&marks[1])) else {
            assert!(*file != "src/lib.rs", "no marks for the map in {file}");
            continue;
        };
        let start = start + marks[0].len();
        if draws() && text[start..end] != wanted {
            fs::write(path, format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
        } else {
            assert!(text[start..end] == wanted, "the map in {file} is stale: run `make map`\n{wanted}");
        }
    }
}

#[test]
fn arrows_of_the_table_lead_down() {
    for rooms in [ROOMS, LEAVES] {
        for (at, room) in rooms.iter().enumerate() {
            for used in room.uses {
                assert!(rooms[at + 1..].iter().any(|below| below.name == *used), "{} -> {used}", room.name);
            }
        }
    }
}

#[test]
fn rooms_use_only_what_the_table_lets_them() {
    let graph = SourceGraph::of_the_library();
    let mut uses: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for file in &graph.files {
        for (path, line) in graph.paths(file) {
            let used = match path.first().map(String::as_str) {
                Some("crate") if path.len() > 1 => path[1].clone(),
                // The crate's root knows its rooms by their names alone.
                Some(name) if file.module.is_empty() && room(name).is_some() => name.to_owned(),
                Some("tokio") => "tokio".to_owned(),
                _ => continue,
            };
            if used != file.room() {
                let place = format!("{}:{line}: {}", file.path, path.join("::"));
                uses.entry((file.room().to_owned(), used)).or_default().push(place);
            }
        }
    }
    assert!(uses.len() > 50, "only {} arrows found: does this test still see the code?", uses.len());
    let mut violations = Vec::new();
    for ((from, to), places) in &uses {
        let allowed = match to.as_str() {
            "tokio" => ASYNC.contains(&from.as_str()),
            _ => room(from)
                .is_some_and(|from| from.uses.contains(&to.as_str()) || (!is_leaf(from.name) && is_leaf(to))),
        };
        if !allowed {
            violations.push(Violation { key: format!("{from} uses {to}"), detail: places.join("\n") });
        }
    }
    for room in ROOMS.iter().chain(LEAVES) {
        for to in room.uses {
            if !uses.contains_key(&(room.name.to_owned(), (*to).to_owned())) {
                let detail = "drawn, but no code uses it".to_owned();
                violations.push(Violation { key: format!("{} -> {to} is not used", room.name), detail });
            }
        }
        if graph.files.iter().all(|file| file.room() != room.name) {
            let key = format!("no room {}", room.name);
            violations.push(Violation { key, detail: "in the table, but not below src/".to_owned() });
        }
    }
    none("against the map in src/lib.rs:", &violations);
}

#[test]
fn files_of_a_room_form_no_circle() {
    let graph = SourceGraph::of_the_library();
    let uses = graph.uses();
    assert!(uses.len() > 1000, "only {} uses found: does this test still see the code?", uses.len());
    // A parent knows its children and they know it; beside that, what lies below one child of a folder and what lies
    // below another must not use each other in both directions, on whatever way.
    let folders: BTreeSet<_> =
        graph.files.iter().filter_map(|file| file.module.split_last()).map(|(_, folder)| folder).collect();
    let mut violations = Vec::new();
    // Circles between rooms are seen by their arrows.
    for folder in folders.into_iter().filter(|folder| !folder.is_empty()) {
        let child = |file: usize| {
            let module = &graph.files[file].module;
            (module.len() > folder.len() && module.starts_with(folder)).then(|| module[folder.len()].as_str())
        };
        let mut edges: BTreeMap<(&str, &str), Vec<&Use>> = BTreeMap::new();
        for one in &uses {
            if let Some((from, to)) = child(one.from).zip(child(one.to)).filter(|(from, to)| from != to) {
                edges.entry((from, to)).or_default().push(one);
            }
        }
        for ((from, to), places) in &edges {
            if reaches(&edges, to, from) {
                let key = format!("src/{}: {from} uses {to}", folder.join("/"));
                let places = places
                    .iter()
                    .map(|place| {
                        let (from, to) = (&graph.files[place.from].path, &graph.files[place.to].path);
                        format!("{from}:{}: {} of {to}", place.line, place.path)
                    })
                    .collect::<BTreeSet<_>>();
                let detail = places.into_iter().collect::<Vec<_>>().join("\n");
                violations.push(Violation { key, detail });
            }
        }
    }
    none("files that use each other, directly or by way of others:", &violations);
}

fn reaches(edges: &BTreeMap<(&str, &str), Vec<&Use>>, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        next.extend(
            edges
                .keys()
                .filter(|(start, _)| *start == at)
                .map(|(_, end)| *end)
                .filter(|end| seen.insert(end)),
        );
    }
    false
}

#[test]
fn findings_are_worded_by_advice_and_rules_alone() {
    // In diagnostic.rs what a rule declares becomes the finding whose sentence the rule words.
    const HERE: &[&str] =
        &["src/advice/", "src/chain/diagnostic.rs", "src/chain/rules/", "src/finding", "src/probe/rules"];
    let graph = SourceGraph::of_the_library();
    let violations: Vec<_> = graph
        .files
        .iter()
        .filter(|file| !HERE.iter().any(|folder| file.path.starts_with(folder)))
        .filter_map(|file| {
            let lines = made_findings(&file.code);
            let detail = format!("lines {lines:?}");
            (!lines.is_empty()).then(|| Violation { key: file.path.clone(), detail })
        })
        .collect();
    none("findings made outside of advice and rules:", &violations);
}

/// The lines with `Finding::error(` and the like, and with a literal `Finding {`.
fn made_findings(code: &[Token]) -> Vec<usize> {
    let word = |at: usize, words: &[&str]| {
        code.get(at).is_some_and(|token| words.iter().any(|word| token.is_word(word)))
    };
    let sign = |at: usize, sign: char| code.get(at).is_some_and(|token| token.is_sign(sign));
    (0..code.len())
        .filter(|at| word(*at, &["Finding"]))
        .filter(|at| {
            let made = sign(at + 1, ':') && sign(at + 2, ':') && word(at + 3, &["error", "note", "warning"]);
            // `-> Finding {` and `impl Finding {` begin a block, `let Finding {` takes one apart.
            let begins_block =
                *at > 0 && (sign(at - 1, '>') || word(at - 1, &["for", "impl", "let", "struct"]));
            made || (sign(at + 1, '{') && !begins_block)
        })
        .map(|at| code[at].line)
        .collect()
}

#[test]
fn files_stay_readable() {
    let mut violations = Vec::new();
    for path in ["src", "tests"].into_iter().flat_map(rust_files) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let key = relative(&path);
        let command = key.starts_with("src/commands/") && !key.contains("/tests");
        let most = if command { MOST_LINES_OF_A_COMMAND } else { MOST_LINES };
        if lines > most {
            violations.push(Violation { key, detail: format!("{lines} lines, at most {most}") });
        }
    }
    none("files that are too long:", &violations);
}

#[test]
fn a_module_with_a_folder_lies_in_it() {
    let violations: Vec<_> = ["benches", "fuzz/src", "src", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .filter(|path| path.with_extension("").is_dir())
        .map(|path| Violation { key: relative(&path), detail: "move it to mod.rs in its folder".to_owned() })
        .collect();
    none("a module stands beside its folder:", &violations);
}

#[test]
fn every_file_says_what_it_is_for() {
    for file in ["src", "tests"].into_iter().flat_map(rust_files) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with its purpose", file.display());
    }
}

#[test]
fn names_say_something() {
    let graph = SourceGraph::of_the_library();
    let mut violations = Vec::new();
    let mut types: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for file in &graph.files {
        if file.module.last().is_some_and(|name| says_nothing(name)) {
            violations.push(Violation { key: file.path.clone(), detail: "the name of a file".to_owned() });
        }
        for item in file.items.iter().filter(|item| item.visible) {
            if says_nothing(&item.name) {
                let key = format!("{}: {} {}", file.path, item.keyword, item.name);
                violations.push(Violation { key, detail: "seen by other files".to_owned() });
            }
            let is_type = matches!(item.keyword.as_str(), "enum" | "struct" | "trait" | "type");
            // Every file may have its own error.
            if is_type && !matches!(item.name.as_str(), "Error" | "Result") {
                types.entry((file.room(), &item.name)).or_default().push(&file.path);
            }
        }
    }
    for ((room, name), files) in types.into_iter().filter(|(_, files)| files.len() > 1) {
        let key = format!("{room} has several types {name}");
        violations.push(Violation { key, detail: files.join("\n") });
    }
    none("names that say nothing, or that are used twice in a room:", &violations);
}

fn says_nothing(name: &str) -> bool {
    SAYS_NOTHING.contains(&name.to_lowercase().as_str())
}

#[test]
fn nothing_is_matched_on_nothing() {
    let violations: Vec<_> = SourceGraph::of_the_library()
        .files
        .iter()
        .filter_map(|file| {
            let at = file
                .code
                .windows(3)
                .find(|three| three[0].is_word("match") && three[1].is_sign('(') && three[2].is_sign(')'))?;
            let detail = format!("line {}: write `if` and `else if`", at[0].line);
            Some(Violation { key: file.path.clone(), detail })
        })
        .collect();
    none("chains of conditions dressed as a match:", &violations);
}

fn relative(path: &std::path::Path) -> String {
    path.strip_prefix(repository()).unwrap().display().to_string()
}
