//! Strangers that must agree with certkit: openssl, curl, GnuTLS, Python, Chromium, nginx, and Python's frameworks.
//!
//! `let Some(openssl) = peer("openssl") else { return };` — a peer that is missing skips the test aloud, and the line
//! goes to a file that `make test` prints at its end. Under `CERTKIT_REQUIRE_PEERS=1` it fails the test instead.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::harness::{Program, Ran, Test, repository};

/// The path of an installed program.
#[track_caller]
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(name);
    }
    found
}

/// A Python interpreter that can import all of `modules`.
///
/// Python's frameworks are installed into an environment of their own, `target/peers/venv` or `$CERTKIT_PEERS`.
#[track_caller]
pub(crate) fn python(modules: &[&str]) -> Option<PathBuf> {
    python_of("venv", modules)
}

/// The same, in the environment of this name beside the one of most.
#[track_caller]
pub(crate) fn python_of(name: &str, modules: &[&str]) -> Option<PathBuf> {
    let environment =
        env::var_os("CERTKIT_PEERS").map_or_else(|| repository().join("target/peers/venv"), PathBuf::from);
    let environment = if name == "venv" { environment } else { environment.with_file_name(name) };
    let candidates = [environment.join("bin/python"), "/usr/bin/python3".into()];
    let imports: String = modules.iter().map(|module| format!("import {module}\n")).collect();
    let found = candidates.into_iter().find(|python| {
        Command::new(python)
            .args(["-c", &imports])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    if found.is_none() {
        skip(&format!("python with {}", modules.join(", ")));
    }
    found
}

/// A text file of `tests/peers/`: scripts that peers run.
pub(crate) fn script(name: &str) -> PathBuf {
    repository().join("tests/peers").join(name)
}

/// A browser with an empty profile that trusts `ca` and nothing else that is not public.
pub(crate) struct Chromium<'a> {
    test: &'a Test,
    program: PathBuf,
}

impl<'a> Chromium<'a> {
    /// Puts `ca` into a fresh certificate database, where Chromium looks for local anchors.
    #[track_caller]
    pub(crate) fn trusting(test: &'a Test, ca: &Path) -> Option<Self> {
        let (program, certutil) = (peer("chromium")?, peer("certutil")?);
        let database = test.home().join(".pki/nssdb");
        std::fs::create_dir_all(&database).unwrap();
        let database = format!("sql:{}", database.display());
        test.run(&certutil, &["-N", "-d", &database, "--empty-password"]).exits(0);
        let ca = ca.display().to_string();
        test.run(&certutil, &["-A", "-d", &database, "-t", "C,,", "-n", "test CA", "-i", &ca]).exits(0);
        Some(Self { test, program })
    }

    /// Loads a page with every `name` resolved to 127.0.0.1 and prints its document. A certificate that is refused
    /// gives an empty or an error page that names the reason.
    pub(crate) fn load(&self, url: &str, name: &str) -> Ran {
        let args = ["--timeout=20000".to_owned(), "--dump-dom".into(), url.into()];
        self.test.program(&self.program).args(self.args(name)).args(args).run()
    }

    /// Goes to pages one after the other, as `tests/peers/browse.py` says it, and gets a report of each.
    pub(crate) fn browse(
        &self,
        python: &Path,
        names: &str,
        steps: &serde_json::Value,
    ) -> Vec<serde_json::Value> {
        let program = self.test.program(python).args([script("browse.py"), self.program.clone()]);
        let ran = program.args(self.args(names)).stdin(steps.to_string()).run().exits(0);
        ran.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn args(&self, name: &str) -> Vec<String> {
        let profile = self.test.home().join("chromium");
        let mut args = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--no-first-run".into(),
            "--enable-logging=stderr".into(),
            format!("--user-data-dir={}", profile.display()),
            format!("--host-resolver-rules=MAP {name} 127.0.0.1"),
        ];
        if rustix::process::geteuid().is_root() {
            args.push("--no-sandbox".into());
        }
        args
    }
}

/// Runs the program that follows without root's right to pass over permission bits.
pub(crate) fn without_override(test: &Test) -> Program<'_> {
    if rustix::process::geteuid().is_root() {
        test.program("setpriv").args(["--bounding-set=-dac_override,-dac_read_search"])
    } else {
        test.program("env")
    }
}

/// Says that the running test is skipped and why; fails it where nothing may be skipped.
#[track_caller]
pub(crate) fn skip(what: &str) {
    assert!(
        env::var_os("CERTKIT_REQUIRE_PEERS").is_none_or(|value| value != "1"),
        "no {what}, and CERTKIT_REQUIRE_PEERS=1 lets nothing be skipped (`make test` installs the peers)"
    );
    tell(&format!("no {what}"));
}

/// Says that the running test cannot do its work on this machine, whatever is installed, as in a container that may not
/// mount anything. `make test` lists it and passes.
pub(crate) fn not_allowed_here(what: &str) {
    tell(&format!("{what} is not allowed on this machine"));
}

fn tell(why: &str) {
    let line = format!("{}: skipped: {why}", thread::current().name().unwrap_or("a test"));
    eprintln!("{line}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
    let file = OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| writeln!(file, "{line}"));
}
