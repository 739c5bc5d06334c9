//! Which file of `src/` uses which: every path in the code, followed through re-exports to the file that defines its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::lexer::{Token, TokenClass, tokens};
use crate::harness::repository;

/// A file of `src/` and what it declares. Code under `cfg(test)` or for `internals` alone is not part of it.
pub(super) struct SourceFile {
    /// From the repository, such as `src/chain/mod.rs`.
    pub(super) path: String,
    /// Such as `["chain", "rules"]`; empty for `src/lib.rs`.
    pub(super) module: Vec<String>,
    /// Without comments.
    pub(super) code: Vec<Token>,
    /// Types, functions, constants and the like outside of every block.
    pub(super) items: Vec<Item>,
    imports: Vec<Import>,
}

/// Something that a file declares.
pub(super) struct Item {
    pub(super) keyword: String,
    pub(super) name: String,
    pub(super) visible: bool,
}

struct Import {
    path: Vec<String>,
    /// `*` for all that is there.
    name: String,
    line: usize,
}

/// A use of one file by another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) line: usize,
    /// The path as it stands in the code.
    pub(super) path: String,
}

/// All files of the library and how they hang together.
pub(super) struct SourceGraph {
    pub(super) files: Vec<SourceFile>,
    modules: BTreeMap<Vec<String>, usize>,
}

impl SourceGraph {
    /// Of `src/`, read once for all tests.
    pub(super) fn of_the_library() -> &'static Self {
        static READ: LazyLock<SourceGraph> = LazyLock::new(SourceGraph::read);
        &READ
    }

    fn read() -> Self {
        let sources: Vec<_> = rust_files("src")
            .iter()
            .map(|path| {
                let below = path.strip_prefix(repository()).unwrap().display().to_string();
                (below, fs::read_to_string(path).unwrap())
            })
            .collect();
        Self::new(&sources)
    }

    /// Of paths from the repository with their sources.
    fn new(sources: &[(String, String)]) -> Self {
        let files: Vec<_> =
            sources.iter().filter_map(|(path, source)| SourceFile::new(path, source)).collect();
        let modules = files.iter().enumerate().map(|(id, file)| (file.module.clone(), id)).collect();
        Self { files, modules }
    }

    /// Every use of one file by another, once for each line and path.
    pub(super) fn uses(&self) -> BTreeSet<Use> {
        let mut found = BTreeSet::new();
        for (from, file) in self.files.iter().enumerate() {
            for (path, line) in self.paths(file) {
                if let Some(to) = self.resolve(from, &path, 0).filter(|to| *to != from) {
                    found.insert(Use { from, to, line, path: path.join("::") });
                }
            }
        }
        found
    }

    /// The paths in a file, imports and those in the middle of code, with their lines.
    pub(super) fn paths(&self, file: &SourceFile) -> Vec<(Vec<String>, usize)> {
        let mut found: Vec<_> = file
            .imports
            .iter()
            .map(|import| {
                let mut path = import.path.clone();
                if import.name == "*" {
                    path.push("*".to_owned());
                }
                (path, import.line)
            })
            .collect();
        found.extend(inline_paths(&file.code));
        found
    }

    /// The file that defines the end of a path; `None` for what other crates and local variables are.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<usize> {
        // `use time;` names another crate by a name that it makes known itself.
        if depth > 20 {
            return None;
        }
        let file = &self.files[from];
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(*self.modules.get(&Vec::new())?, rest, depth),
            "self" => self.walk(from, rest, depth),
            "super" => {
                let levels = path.iter().take_while(|name| *name == "super").count();
                let module = &file.module[..file.module.len().checked_sub(levels)?];
                self.walk(*self.modules.get(module)?, &path[levels..], depth)
            }
            _ if self.knows(from, first) => self.walk(from, path, depth),
            _ => None,
        }
    }

    /// Follows names from a module to the file that defines the last one.
    fn walk(&self, at: usize, path: &[String], depth: usize) -> Option<usize> {
        let Some((name, rest)) = path.split_first() else { return Some(at) };
        if name == "*" || name == "self" {
            return Some(at);
        }
        if let Some(child) = self.child(at, name) {
            return self.walk(child, rest, depth);
        }
        let file = &self.files[at];
        if let Some(import) = file.imports.iter().find(|import| import.name == *name) {
            // Names of a module that is imported, such as `chain::check`, or of a type, such as `Error::Io`.
            let whole: Vec<_> = import.path.iter().chain(rest).cloned().collect();
            return self.resolve(at, &whole, depth + 1);
        }
        if file.items.iter().any(|item| item.name == *name) {
            return Some(at);
        }
        file.imports
            .iter()
            .filter(|import| import.name == "*")
            .filter_map(|import| self.resolve(at, &import.path, depth + 1))
            .find(|module| *module != at && self.knows(*module, name))
            .and_then(|module| self.walk(module, path, depth + 1))
            // A variant, or an associated function of something that was found before.
            .or(Some(at))
    }

    fn child(&self, of: usize, name: &str) -> Option<usize> {
        let mut module = self.files[of].module.clone();
        module.push(name.to_owned());
        self.modules.get(&module).copied()
    }

    fn knows(&self, at: usize, name: &str) -> bool {
        let file = &self.files[at];
        self.child(at, name).is_some()
            || file.imports.iter().any(|import| import.name == name)
            || file.items.iter().any(|item| item.name == name)
    }
}

impl SourceFile {
    /// `None` for a file of tests, and for the program, which is not part of the library.
    fn new(path: &str, source: &str) -> Option<Self> {
        let mut module: Vec<_> = path.strip_suffix(".rs")?.split('/').skip(1).map(str::to_owned).collect();
        if module.iter().any(|name| name == "tests") || module == ["main"] {
            return None;
        }
        if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
            module.pop();
        }
        let all = tokens(source);
        let code: Vec<_> = all.into_iter().filter(|token| token.class != TokenClass::Comment).collect();
        let code = without_conditional(&code);
        let (imports, code) = take_imports(&code);
        let items = items(&code);
        Some(Self { path: path.to_owned(), module, code, items, imports })
    }

    /// The room: `chain` for `src/chain/rules/mod.rs`, `lib` for `src/lib.rs`.
    pub(super) fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

/// Every Rust file below a folder of the repository, sorted.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of the product: no item under `#[cfg(test)]` or `#[cfg(feature = "internals")]`.
fn without_conditional(code: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let attribute = code[at].is_sign('#') && code.get(at + 1).is_some_and(|token| token.is_sign('['));
        if !attribute {
            kept.push(code[at].clone());
            at += 1;
            continue;
        }
        let end = closing(code, at + 1) + 1;
        let inside = &code[at..end.min(code.len())];
        let conditional = inside.iter().any(|token| token.is_word("cfg"))
            && !inside.iter().any(|token| token.is_word("not"))
            && inside.iter().any(|token| token.is_word("test") || token.text == "internals");
        if conditional {
            at = end_of_item(code, end);
        } else {
            kept.extend_from_slice(inside);
            at = end;
        }
    }
    kept
}

/// After the item that begins here, with its further attributes.
fn end_of_item(code: &[Token], start: usize) -> usize {
    let mut at = start;
    let import =
        code[start..].iter().find(|token| !token.is_word("pub")).is_some_and(|token| token.is_word("use"));
    while at < code.len() {
        if code[at].is_sign(';') {
            return at + 1;
        }
        let block = code[at].is_sign('{');
        if block || code[at].is_sign('(') || code[at].is_sign('[') {
            at = closing(code, at);
            if block && !import {
                return at + 1;
            }
        }
        at += 1;
    }
    at
}

/// Where the bracket that opens here closes.
fn closing(code: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in code.iter().enumerate().skip(open) {
        if token.class != TokenClass::Sign {
            continue;
        }
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// The imports, and the code without them.
fn take_imports(code: &[Token]) -> (Vec<Import>, Vec<Token>) {
    let (mut imports, mut kept) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < code.len() {
        if !code[at].is_word("use") {
            kept.push(code[at].clone());
            at += 1;
            continue;
        }
        let end = at + code[at..].iter().position(|token| token.is_sign(';')).unwrap_or(code.len() - at);
        read_tree(&code[at + 1..end], &[], &mut imports);
        at = end + 1;
    }
    (imports, kept)
}

/// `a::{b, c::D as E, f::*}` after the names before it.
fn read_tree(tree: &[Token], before: &[String], imports: &mut Vec<Import>) {
    let mut path = before.to_vec();
    let mut alias = None;
    let mut at = 0;
    while let Some(token) = tree.get(at) {
        if token.is_sign('{') {
            let end = closing(tree, at);
            for part in split_at_commas(&tree[at + 1..end]) {
                read_tree(part, &path, imports);
            }
            return;
        }
        if token.is_word("as") {
            alias = tree.get(at + 1).map(|token| token.text.clone());
            break;
        }
        if token.is_sign('*') {
            imports.push(Import { path, name: "*".to_owned(), line: token.line });
            return;
        }
        // `a::{self}` is `a`, but `self::a` begins with it.
        if token.class == TokenClass::Word && (path.is_empty() || token.text != "self") {
            path.push(token.text.clone());
        }
        at += 1;
    }
    if let Some(name) = alias.or_else(|| path.last().cloned()) {
        let line = tree.first().map_or(0, |token| token.line);
        imports.push(Import { path, name, line });
    }
}

fn split_at_commas(tree: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < tree.len() {
        if tree[at].is_sign('{') {
            at = closing(tree, at);
        } else if tree[at].is_sign(',') {
            parts.push(&tree[start..at]);
            start = at + 1;
        }
        at += 1;
    }
    parts.push(&tree[start.min(tree.len())..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// What is declared outside of every block.
fn items(code: &[Token]) -> Vec<Item> {
    const KEYWORDS: &[&str] =
        &["const", "enum", "fn", "macro_rules", "static", "struct", "trait", "type", "union"];
    let mut found = Vec::new();
    let (mut at, mut visible) = (0, false);
    while at < code.len() {
        let token = &code[at];
        if token.is_word("pub") {
            visible = true;
        } else if token.is_sign(';') || token.is_sign('}') {
            visible = false;
        } else if token.is_sign('{') || token.is_sign('(') || token.is_sign('[') {
            let block = token.is_sign('{');
            at = closing(code, at);
            visible &= !block;
        } else if KEYWORDS.contains(&token.text.as_str()) && token.class == TokenClass::Word {
            let name = code[at + 1..].iter().find(|next| next.class == TokenClass::Word);
            // In `const fn` the function's name follows.
            if let Some(name) = name.filter(|name| !KEYWORDS.contains(&name.text.as_str())) {
                found.push(Item { keyword: token.text.clone(), name: name.text.clone(), visible });
                visible = false;
            }
        }
        at += 1;
    }
    found
}

/// Every `a::b::c` in the middle of code.
fn inline_paths(code: &[Token]) -> Vec<(Vec<String>, usize)> {
    let colons = |at: usize| {
        code.get(at).is_some_and(|token| token.is_sign(':'))
            && code.get(at + 1).is_some_and(|token| token.is_sign(':'))
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if code[at].class != TokenClass::Word {
            at += 1;
            continue;
        }
        let line = code[at].line;
        let field = at > 0 && code[at - 1].is_sign('.') && !(at > 1 && code[at - 2].is_sign('.'));
        let absolute = at > 1 && colons(at - 2);
        let mut path = vec![code[at].text.clone()];
        at += 1;
        while colons(at) && code.get(at + 2).is_some_and(|token| token.class == TokenClass::Word) {
            path.push(code[at + 2].text.clone());
            at += 3;
        }
        if !field && !absolute && path.len() > 1 {
            found.push((path, line));
        }
    }
    found
}

#[test]
fn paths_lead_to_the_file_that_defines_their_end() {
    let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let graph = SourceGraph::new(&[
        source("src/lib.rs", "mod chain; mod pem;"),
        source("src/pem.rs", "pub fn scan() {} #[cfg(test)] mod tests { use crate::chain::order; }"),
        source(
            "src/chain/mod.rs",
            "mod order; mod path; pub use order::{Order as Sorted, order}; pub enum Error {}",
        ),
        source(
            "src/chain/order.rs",
            "use super::Error; pub struct Order; pub fn order() { println!(\"{}\", super::path::LENGTH); }",
        ),
        source(
            "src/chain/path.rs",
            "use std::io; use crate::pem; use super::{Sorted, Error}; const LENGTH: io::X = pem::scan();",
        ),
        source("src/chain/tests.rs", "use crate::pem;"),
    ]);
    let uses: BTreeSet<_> = graph
        .uses()
        .into_iter()
        .map(|one| format!("{} {} {}", graph.files[one.from].path, one.path, graph.files[one.to].path))
        .collect();
    let wanted = [
        "src/chain/mod.rs order::Order src/chain/order.rs",
        "src/chain/mod.rs order::order src/chain/order.rs",
        "src/chain/order.rs super::Error src/chain/mod.rs",
        "src/chain/order.rs super::path::LENGTH src/chain/path.rs",
        "src/chain/path.rs crate::pem src/pem.rs",
        "src/chain/path.rs pem::scan src/pem.rs",
        "src/chain/path.rs super::Error src/chain/mod.rs",
        "src/chain/path.rs super::Sorted src/chain/order.rs",
    ];
    assert_eq!(uses, wanted.into_iter().map(str::to_owned).collect());
}
