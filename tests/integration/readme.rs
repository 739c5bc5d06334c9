//! The transcripts in the README and in docs/troubles.md really run: every fenced `console` block, in an empty folder of its own.
//!
//! A line `$ command` is run by the shell, and the lines below it are what it prints (both outputs). `[..]` stands for
//! any text within a line and a line `...` for any number of lines; a command without lines below it is only run.
//! A command must end with 0, or with what a line `? 1` says. One that ends in ` &` stays in the background until the
//! block ends, and the next begins when the first has printed its lines.

use std::fs;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::Process;

#[test]
fn transcripts_run() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks = console_blocks(&readme);
    assert!(!blocks.is_empty(), "the README has no ```console block");
    for block in blocks {
        run(&block);
    }
}

#[test]
fn transcripts_of_troubles_run() {
    if peer("openssl").is_none() {
        return;
    }
    let troubles = fs::read_to_string(repository().join("docs/troubles.md")).unwrap();
    let blocks = console_blocks(&troubles);
    assert_eq!(blocks.len(), troubles.lines().filter(|line| line.starts_with("## ")).count());
    for block in blocks {
        run(&block);
    }
}

/// One command with what it prints.
#[derive(Debug, Default, PartialEq)]
struct Step {
    command: String,
    background: bool,
    status: i32,
    output: Vec<String>,
}

fn run(steps: &[Step]) {
    let test = Test::new();
    // `certkit` is the program under test, under its plain name.
    let folder = test.home().join("bin");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(certkit(), folder.join("certkit")).unwrap();
    let mut path = folder.into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut background = Vec::new();
    for step in steps {
        let line = if step.background { format!("exec {}", step.command) } else { step.command.clone() };
        let program = test.program("sh").args(["-c", &format!("exec 2>&1; {line}")]).env("PATH", &path);
        if step.background {
            let process = Process::start(&test, program);
            eventually(&format!("`{}` prints its lines", step.command), || {
                // A server speaks when it listens; `...` alone would match its silence before.
                let said = process.log();
                (!said.is_empty() && matches(&step.output, &said)).then_some(())
            });
            background.push(process);
        } else {
            let ran = program.run().exits(step.status);
            assert!(
                step.output.is_empty() || matches(&step.output, &ran.stdout()),
                "`{}` does not print what the README shows:\n{}\nbut\n{}",
                step.command,
                step.output.join("\n"),
                ran.stdout()
            );
        }
    }
}

fn console_blocks(text: &str) -> Vec<Vec<Step>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while lines.by_ref().any(|line| line.trim() == "```console") {
        let mut steps: Vec<Step> = Vec::new();
        for line in lines.by_ref().take_while(|line| line.trim() != "```") {
            if let Some(command) = line.strip_prefix("$ ") {
                let (command, background) = match command.strip_suffix(" &") {
                    Some(command) => (command, true),
                    None => (command, false),
                };
                steps.push(Step { command: command.to_owned(), background, ..Step::default() });
            } else if let Some(step) = steps.last_mut() {
                match line.strip_prefix("? ").and_then(|status| status.parse().ok()) {
                    Some(status) => step.status = status,
                    None => step.output.push(line.trim_end().to_owned()),
                }
            }
        }
        blocks.push(steps);
    }
    blocks
}

/// Whether the whole text is what the lines say.
fn matches(wanted: &[String], text: &str) -> bool {
    let found: Vec<_> = text.lines().map(str::trim_end).collect();
    lines_match(wanted, &found)
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
fn the_runner_reads_and_compares() {
    let text =
        "x\n```console\n$ a b\none [..] three\n...\nlast\n\n$ c &\n? 1\n```\n$ no\n```console\n$ d\n```\n";
    let blocks = console_blocks(text);
    assert_eq!(blocks.len(), 2);
    assert_eq!((blocks[0].len(), blocks[0][0].command.as_str()), (2, "a b"));
    assert!(blocks[0][1].background && blocks[0][1].status == 1);
    let wanted = &blocks[0][0].output;
    assert!(matches(wanted, "one 2 three\nlast\n"));
    assert!(matches(wanted, "one 2 three\nx\ny\nlast\n\n"));
    assert!(!matches(wanted, "one 2 four\nlast\n"));
    assert!(!matches(wanted, "one 2 three\nlast\nmore\n"));
    assert!(!matches(wanted, "one 2 three\n"));
    assert!(
        line_matches("a[..]c[..]", "abcd") && !line_matches("a[..]c", "ab") && !line_matches("abc", "abcd")
    );
}
