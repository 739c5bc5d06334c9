//! The commands in the README, in docs/troubles.md and in docs/ca.md run as pasted, in order.
//!
//! Two forms of block are run. In a fenced `console` block, a line `$ command` is run by the shell, and the lines below it
//! are what it prints (both outputs): `[..]` stands for any text within a line and a line `...` for any number of lines; a
//! command without lines below it is only run. In a fenced `sh` block and in an indented block, every line is a command
//! (`\` at its end continues it, `# ...` explains it). Other fences (`text`, `toml`, `python`) are not commands.
//!
//! A command must end with 0, or with what a line `? 1` below it says. One that ends in ` &` stays in the background until
//! the block ends, and the next begins when the first has printed its lines; one that `^C` follows is interrupted then.
//! `cd` lasts to the end of the document. A comment above a block says what is special about it:
//!
//! ```text
//! <!-- not run: needs a public server -->
//! <!-- needs: openssl nginx -->
//! ```

use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::Process;

/// Commands with these words change the machine that runs the tests: their block is not run.
const CHANGES_THE_MACHINE: &[&str] = &[
    "apt",
    "apt-get",
    "cargo install",
    "hosts add",
    "hosts remove",
    "install-timer",
    "sudo",
    "systemctl",
    "trust install",
    "trust uninstall",
];

#[test]
fn the_readme_runs_as_pasted() {
    let blocks = blocks(&fs::read_to_string(repository().join("README.md")).unwrap());
    assert!(blocks.iter().filter(|block| block.not_run.is_none()).count() > 3, "{} blocks", blocks.len());
    let folder = PasteFolder::new();
    for block in &blocks {
        folder.run(block);
    }
}

#[test]
fn the_troubles_run_as_pasted() {
    let troubles = fs::read_to_string(repository().join("docs/troubles.md")).unwrap();
    let blocks = blocks(&troubles);
    let headings = troubles.lines().filter(|line| line.starts_with("## ")).count();
    assert!(blocks.len() >= headings, "{} blocks below {headings} headings", blocks.len());
    // Each is a story of its own.
    for block in &blocks {
        PasteFolder::new().run(block);
    }
}

#[test]
fn the_life_of_a_ca_runs_as_pasted() {
    let blocks = blocks(&fs::read_to_string(repository().join("docs/ca.md")).unwrap());
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    for block in &blocks {
        PasteFolder::new().run(block);
    }
}

/// A block of commands in a document.
#[derive(Debug, Default)]
struct Block {
    steps: Vec<Step>,
    /// Programs besides certkit and those of every system.
    needs: Vec<String>,
    /// Why it is not run.
    not_run: Option<String>,
}

/// One command with what it prints.
#[derive(Debug, Default, PartialEq)]
struct Step {
    command: String,
    background: bool,
    interrupted: bool,
    status: i32,
    output: Vec<String>,
}

/// A folder that a reader works in, with `certkit` under its plain name on the path.
struct PasteFolder {
    test: Test,
    path: std::ffi::OsString,
}

impl PasteFolder {
    fn new() -> Self {
        let test = Test::new();
        let programs = test.home().join("bin");
        fs::create_dir(&programs).unwrap();
        symlink(certkit(), programs.join("certkit")).unwrap();
        fs::write(test.home().join("cwd"), test.folder().display().to_string()).unwrap();
        let mut path = programs.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Self { test, path }
    }

    fn run(&self, block: &Block) {
        if block.not_run.is_some() || block.needs.iter().any(|program| peer(program).is_none()) {
            return;
        }
        let mut background = Vec::new();
        for step in &block.steps {
            assert!(!changes_the_machine(&step.command), "mark this block as not run: {}", step.command);
            if step.background || step.interrupted {
                let process = self.start(step);
                if step.background {
                    background.push(process);
                } else {
                    self.interrupt(step, process);
                }
            } else {
                self.run_to_the_end(step);
            }
        }
    }

    fn start(&self, step: &Step) -> Process {
        // The command itself takes the shell's place, to be ended by the id.
        let line = format!("exec 2>&1; cd \"$(cat \"$HOME/cwd\")\"; exec {}", step.command);
        let program = self.test.program("sh").args(["-c", &line]).env("PATH", &self.path);
        let process = Process::start(&self.test, program);
        eventually(&format!("`{}` prints its lines", step.command), || {
            // A server prints when it listens; `...` alone would match the nothing before.
            let said = without_root_warning(&process.log());
            (!said.is_empty() && matches(&step.output, &said)).then_some(())
        });
        process
    }

    fn interrupt(&self, step: &Step, mut process: Process) {
        process.signal(Signal::INT);
        let status = process.wait();
        assert_eq!(status.code(), Some(step.status), "`{}` and ^C", step.command);
    }

    fn run_to_the_end(&self, step: &Step) {
        let line = format!(
            "exec 2>&1; cd \"$(cat \"$HOME/cwd\")\"\n{}\nstatus=$?; pwd > \"$HOME/cwd\"; exit $status",
            step.command
        );
        let ran = self.test.program("sh").args(["-c", &line]).env("PATH", &self.path).run();
        assert!(
            ran.ended_with(step.status),
            "`{}` does not end with {}:\n{}",
            step.command,
            step.status,
            ran.stdout()
        );
        assert!(
            step.output.is_empty() || matches(&step.output, &ran.stdout()),
            "`{}` does not print what the document shows:\n{}\nbut\n{}",
            step.command,
            step.output.join("\n"),
            ran.stdout()
        );
    }
}

/// The whole lines, without the warning of a server that root started: tests may run as root or not.
fn without_root_warning(said: &str) -> String {
    let mut is_warning = false;
    let lines = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines
        .filter(|line| {
            let begins = [
                "warning[permission] certkit runs as root",
                "warning[permission] certkit and the application run as root",
            ];
            let begins = begins.iter().any(|text| line.starts_with(text));
            is_warning = begins || (is_warning && line.starts_with("  "));
            !is_warning
        })
        .collect()
}

fn changes_the_machine(command: &str) -> bool {
    let command = format!(" {} ", command.replace(['\n', ';', '&', '|'], " "));
    let elsewhere = command.contains(" --dry-run ") || command.contains(" --file ");
    !elsewhere && CHANGES_THE_MACHINE.iter().any(|words| command.contains(&format!(" {words} ")))
}

/// The blocks of commands in a document, in order.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut next = Block::default();
    let mut lines = text.lines().peekable();
    let mut blank_before = true;
    while let Some(line) = lines.next() {
        if let Some(note) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            if let Some(reason) = note.strip_prefix("not run:") {
                assert!(!reason.trim().is_empty(), "no reason why a block is not run");
                next.not_run = Some(reason.trim().to_owned());
            } else if let Some(programs) = note.strip_prefix("needs:") {
                next.needs.extend(programs.split_whitespace().map(str::to_owned));
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<_> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            match language.trim() {
                "console" => next.steps = transcript(&inside),
                "sh" => next.steps = script(&inside),
                _ => next = Block::default(),
            }
            blocks.push(std::mem::take(&mut next));
        } else if blank_before && line.starts_with("    ") {
            let mut inside = vec![&line[4..]];
            while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
                inside.push(&line[4..]);
            }
            next.steps = script(&inside);
            blocks.push(std::mem::take(&mut next));
        } else if !line.trim().is_empty() {
            // A comment is about the block right below it.
            next = Block::default();
        }
        blank_before = line.trim().is_empty() || line.starts_with("<!-- ");
    }
    blocks.retain(|block: &Block| !block.steps.is_empty());
    blocks
}

/// The steps of a `console` block.
fn transcript(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(step(command));
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("? ").and_then(|status| status.parse().ok()) {
                Some(status) => step.status = status,
                None if *line == "^C" => step.interrupted = true,
                None => step.output.push(line.trim_end().to_owned()),
            }
        }
    }
    steps
}

/// The steps of a block where every line is a command.
fn script(lines: &[&str]) -> Vec<Step> {
    let joined = lines.join("\n").replace("\\\n", " ");
    let mut steps: Vec<Step> = Vec::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("? ").and_then(|status| status.parse().ok()), steps.last_mut()) {
            (Some(status), Some(step)) => step.status = status,
            _ => steps.push(step(line)),
        }
    }
    steps
}

fn step(command: &str) -> Step {
    let (command, background) = match command.strip_suffix(" &") {
        Some(command) => (command, true),
        None => (command, false),
    };
    // What a server prints in a block without output is not compared, only awaited.
    Step { command: command.to_owned(), background, ..Step::default() }
}

/// Whether the whole text is what the lines say; no lines say nothing about it.
fn matches(wanted: &[String], text: &str) -> bool {
    let found: Vec<_> = text.lines().map(str::trim_end).collect();
    wanted.is_empty() || lines_match(wanted, &found)
}

fn lines_match(wanted: &[String], found: &[&str]) -> bool {
    match wanted.split_first() {
        // Empty lines at the end do not show in a document.
        None => found.iter().all(|line| line.is_empty()),
        Some((line, rest)) if line == "..." => {
            (0..=found.len()).any(|skipped| lines_match(rest, &found[skipped..]))
        }
        Some((line, rest)) if line.is_empty() && rest.is_empty() => lines_match(rest, found),
        Some((line, rest)) => found
            .split_first()
            .is_some_and(|(first, others)| line_matches(line, first) && lines_match(rest, others)),
    }
}

fn line_matches(wanted: &str, found: &str) -> bool {
    let mut parts = wanted.split("[..]");
    let Some(mut left) = found.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return left.is_empty() };
    for part in middle {
        let Some(start) = left.find(part) else { return false };
        left = &left[start + part.len()..];
    }
    left.ends_with(last)
}

#[test]
fn the_runner_reads_blocks_of_every_form() {
    let text = "x\n```console\n$ a b\none [..] three\n...\nlast\n\n$ c &\n? 1\n$ e\nup\n^C\n```\n$ no\n\
                <!-- needs: one two -->\n```console\n$ d\n```\n```toml\nx = 1\n```\n\nText:\n\n    \
                f   # why\n    g \\\n      h\n    ? 2\n\n<!-- not run: it costs money -->\n\n    i\n\n\
                no code:\n    j\n\n```sh\n# only said\nk\n```\n";
    let blocks = blocks(text);
    let commands: Vec<Vec<_>> =
        blocks.iter().map(|block| block.steps.iter().map(|step| step.command.as_str()).collect()).collect();
    assert_eq!(
        commands,
        [vec!["a b", "c", "e"], vec!["d"], vec!["f   # why", "g    h"], vec!["i"], vec!["k"]]
    );
    let first = &blocks[0].steps;
    assert!(first[1].background && first[1].status == 1 && first[2].interrupted);
    assert_eq!(blocks[1].needs, ["one", "two"]);
    assert_eq!((blocks[2].steps[1].status, &blocks[2].not_run), (2, &None));
    assert_eq!(blocks[3].not_run.as_deref(), Some("it costs money"));
    assert!(blocks[4].not_run.is_none());
    assert!(changes_the_machine("cd x && sudo certkit trust install"));
    assert!(!changes_the_machine("certkit hosts add a.test --file hosts") && !changes_the_machine("sudoku"));
}

#[test]
fn the_runner_compares_line_by_line() {
    let wanted: Vec<_> = ["one [..] three", "...", "last", ""].map(str::to_owned).into();
    assert!(matches(&wanted, "one 2 three\nlast\n"));
    assert!(matches(&wanted, "one 2 three\nx\ny\nlast\n\n"));
    assert!(!matches(&wanted, "one 2 four\nlast\n"));
    assert!(!matches(&wanted, "one 2 three\nlast\nmore\n"));
    assert!(!matches(&wanted, "one 2 three\n"));
    assert!(
        line_matches("a[..]c[..]", "abcd") && !line_matches("a[..]c", "ab") && !line_matches("abc", "abcd")
    );
}
