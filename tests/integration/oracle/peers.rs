//! The clients that judge beside certkit. Those in other languages are programs that answer line by line.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::{env, thread};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::assemble::Chain;
use super::blueprint::AT;
use super::rustls_peer;
use super::verdicts::Verdicts;
use crate::peers::{peer, python, script, skip};

/// How a program wants to be asked about a chain.
type AsLine = fn(&Chain) -> String;

/// A program that reads chains and writes verdicts.
struct Judge {
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    line: AsLine,
    name: String,
}

/// All of them, started once.
pub(super) struct Peers {
    judges: Vec<Judge>,
    /// What each says of its version.
    pub(super) versions: BTreeSet<String>,
    /// Peers that are not installed.
    pub(super) missing: usize,
}

impl Peers {
    /// Starts what is installed; what is not is said aloud, or fails the test where no peer may be missing.
    pub(super) fn start() -> Self {
        let helper = script("oracle.py");
        let mut found: Vec<Option<(Command, AsLine)>> = Vec::new();
        for (kind, modules) in [
            ("openssl", &["ssl"][..]),
            ("python", &["ssl"]),
            ("gnutls", &["ctypes"]),
            ("pyca", &["cryptography.x509.verification"]),
        ] {
            found.push(python(modules).map(|python| {
                let mut command = Command::new(python);
                command.arg(&helper).arg(kind);
                (command, as_json as AsLine)
            }));
        }
        found.push(go_program().map(|program| (Command::new(program), as_json as _)));
        found.push(peer("java").map(|java| {
            let mut command = Command::new(java);
            command.arg(script("Oracle.java"));
            (command, as_words as _)
        }));
        let count = found.len();
        let started = found.into_iter().flatten().map(|(command, line)| Judge::start(command, line));
        let mut judges = Vec::new();
        let mut versions = BTreeSet::from(["rustls 0.23".to_owned()]);
        for mut judge in started {
            match serde_json::from_str::<String>(&judge.read()) {
                Ok(said) => {
                    versions.extend(said.split(", ").map(str::to_owned));
                    judges.push(judge);
                }
                Err(_) => skip(&format!("what {} needs", judge.name)),
            }
        }
        let missing = count - judges.len();
        Self { judges, versions, missing }
    }

    /// What each client says of each chain. The programs work at the same time.
    pub(super) fn judge(&mut self, chains: &[Chain]) -> Vec<Verdicts> {
        thread::scope(|scope| {
            let answers: Vec<Receiver<_>> = self
                .judges
                .iter_mut()
                .map(|judge| {
                    let (sender, receiver) = channel();
                    let mut input = judge.input.take().unwrap();
                    let (line, answers) = (judge.line, &mut judge.answers);
                    let kept = &mut judge.input;
                    scope.spawn(move || {
                        thread::scope(|inner| {
                            let writer = inner.spawn(move || {
                                for chain in chains {
                                    writeln!(input, "{}", line(chain)).unwrap();
                                }
                                input.flush().unwrap();
                                input
                            });
                            for _ in chains {
                                let mut answer = String::new();
                                answers.read_line(&mut answer).unwrap();
                                sender.send(answer).unwrap();
                            }
                            *kept = Some(writer.join().unwrap());
                        });
                    });
                    receiver
                })
                .collect();
            let mut verdicts: Vec<_> = chains.iter().map(rustls_peer::judge).collect();
            for (index, verdict) in verdicts.iter_mut().enumerate() {
                for receiver in &answers {
                    let answer: String = receiver.recv().unwrap();
                    let said: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&answer)
                        .unwrap_or_else(|error| panic!("chain {index}: {error}: {answer:?}"));
                    verdict.extend(
                        said.into_iter()
                            .map(|(client, reason)| (client, reason.as_str().unwrap().to_owned())),
                    );
                }
            }
            verdicts
        })
    }
}

impl Judge {
    fn start(mut command: Command, line: AsLine) -> Self {
        let mut child = command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let name = format!("{command:?}");
        let input = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, answers, line, name }
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(go_binary());
    }
}

/// Where the Go program is built.
fn go_binary() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oracle-go-{}", std::process::id()))
}

/// The Go program, built once.
fn go_program() -> Option<PathBuf> {
    let go = peer("go")?;
    let program = go_binary();
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(script("oracle.go"))
        .env("GOFLAGS", "-mod=mod")
        .env("GO111MODULE", "off")
        .status()
        .unwrap();
    assert!(built.success(), "go cannot build tests/peers/oracle.go");
    Some(program)
}

fn as_json(chain: &Chain) -> String {
    let encoded = |all: &[Vec<u8>]| all.iter().map(|der| STANDARD.encode(der)).collect::<Vec<_>>();
    json!({
        "sent": encoded(&chain.sent),
        "trusted": encoded(&chain.trusted),
        "host": chain.host,
        "at": AT,
        "key": chain.key_pem,
    })
    .to_string()
}

fn as_words(chain: &Chain) -> String {
    let mut words = vec![AT.to_string(), chain.host.clone(), chain.sent.len().to_string()];
    words.extend(chain.sent.iter().chain(&chain.trusted).map(|der| STANDARD.encode(der)));
    words.join(" ")
}
