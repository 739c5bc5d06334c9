//! A folder, a clean environment, and programs run in it.
//!
//! ```text
//! let test = Test::new();
//! test.certkit(&["mkca"]).exits(0);
//! test.certkit(&["mkcert", "test.example"]).exits(0).says("server.crt");
//! ```
//!
//! Every run is kept in a transcript, which a failing test prints whole.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a program may run before the test gives up on it: far above any honest run on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// One test's folder and the story of what it ran.
pub(crate) struct Test {
    root: TempDir,
    transcript: Mutex<String>,
}

/// A file of the test's folder: its permission bits and its bytes.
pub(crate) type Entry = (u32, Vec<u8>);

impl Test {
    /// A test with an empty working folder and an empty home beside it.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("certkit-test-").tempdir().unwrap();
        for folder in ["work", "home"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root, transcript: Mutex::default() }
    }

    /// A test whose folder has a CA and a certificate for `name` (`ca.crt`, `ca.key`, `server.crt`, `server.key`).
    pub(crate) fn with_certificate(name: &str) -> Self {
        let test = Self::new();
        test.certkit(&["mkca"]).exits(0);
        test.certkit(&["mkcert", name]).exits(0);
        test
    }

    /// The same with an intermediate CA in between (`ca-bundle.ca`), merged to `chain.pem`.
    pub(crate) fn with_chain(name: &str) -> Self {
        let test = Self::new();
        test.certkit(&["mkca", "--intermediate"]).exits(0);
        test.certkit(&["mkcert", name]).exits(0);
        test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
        test
    }

    /// The working folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The home folder of everything that runs here.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path in the working folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file into the working folder; folders on the way are made.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// A copy of certkit in the working folder, written by a child for the reason that [`write_program`] gives.
    ///
    /// [`write_program`]: crate::testing::write_program
    pub(crate) fn copy_certkit(&self) -> PathBuf {
        let copy = self.path("certkit");
        assert!(Command::new("cp").arg(certkit()).arg(&copy).status().unwrap().success());
        copy
    }

    /// The text of a file in the working folder.
    pub(crate) fn text(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Permission bits of a file in the working folder.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    /// Everything below the working folder, to compare before and after.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Entry> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                let contents = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                if meta.is_dir() {
                    folders.push(path.clone());
                }
                let name = path.strip_prefix(self.folder()).unwrap().to_owned();
                found.insert(name, (meta.permissions().mode() & 0o7777, contents));
            }
        }
        found
    }

    /// The names in the working folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().map(|path| path.display().to_string()).collect()
    }

    /// Runs certkit to its end.
    pub(crate) fn certkit(&self, args: &[&str]) -> Ran {
        self.program(certkit()).args(args).run()
    }

    /// Runs another program to its end.
    pub(crate) fn run(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Ran {
        self.program(program).args(args).run()
    }

    /// A program to run here, still without arguments.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Program<'_> {
        Program {
            test: self,
            words: vec![program.as_ref().to_owned()],
            environment: Vec::new(),
            stdin: Vec::new(),
            umask: None,
            deadline: DEADLINE,
        }
    }

    /// Adds a line to the story that a failing test prints.
    pub(crate) fn note(&self, line: &str) {
        let mut transcript = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(transcript, "{line}");
    }

    /// The environment of everything that runs here: the path, a home of its own, nothing else.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let home = self.home();
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), peers_path()),
            ("HOME".into(), home.clone().into()),
            ("USER".into(), "tester".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("XDG_CONFIG_HOME".into(), home.join("config").into()),
            ("XDG_DATA_HOME".into(), home.join("data").into()),
            ("XDG_CACHE_HOME".into(), home.join("cache").into()),
            ("XDG_STATE_HOME".into(), home.join("state").into()),
        ];
        // The repository stays as it is: no bytecode beside the applications that are served.
        variables.push(("PYTHONDONTWRITEBYTECODE".into(), "1".into()));
        // A panic of the program itself should show where.
        variables.push(("RUST_BACKTRACE".into(), "1".into()));
        variables
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        if thread::panicking() {
            let transcript = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("--- what ran, in {} ---\n{transcript}---", self.folder().display());
        }
    }
}

/// A program with its arguments, input and surroundings.
pub(crate) struct Program<'a> {
    test: &'a Test,
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    umask: Option<&'static str>,
    deadline: Duration,
}

impl Program<'_> {
    /// Gives it `times` as long as others: for what does the work of many.
    pub(crate) fn patiently(mut self, times: u32) -> Self {
        self.deadline = DEADLINE * times;
        self
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// What it reads on standard input; without this, nothing.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_owned();
        self
    }

    /// Runs under this umask, such as `000`.
    pub(crate) fn umask(mut self, mask: &'static str) -> Self {
        self.umask = Some(mask);
        self
    }

    /// The command as the standard library has it: environment, folder, arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.umask {
            None => Command::new(&self.words[0]),
            Some(mask) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("umask {mask}; exec \"$@\"")).arg("sh").arg(&self.words[0]);
                shell
            }
        };
        command
            .args(&self.words[1..])
            .env_clear()
            .envs(self.test.environment())
            .envs(self.environment.iter().cloned())
            .current_dir(self.test.folder());
        command
    }

    /// The line a person would have typed.
    pub(crate) fn line(&self) -> String {
        let mut words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        if let Some(name) = Path::new(&self.words[0]).file_name() {
            words[0] = name.to_string_lossy().into_owned();
        }
        words.join(" ")
    }

    /// Runs it to its end and keeps what it said.
    pub(crate) fn run(self) -> Ran {
        let line = self.line();
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {line}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin.clone();
        // A program that does not read its input closes the pipe; that is its right.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > self.deadline {
                let _ = child.kill();
                let _ = child.wait();
                self.test.note(&format!("$ {line}\n(killed after {} s)", self.deadline.as_secs()));
                panic!("{line} did not end");
            }
            thread::sleep(Duration::from_millis(2));
        };
        writer.join().unwrap();
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let code = status.code();
        let shown = code.map_or_else(|| status.to_string(), |code| code.to_string());
        self.test.note(&format!("$ {line}\n{}{}(status {shown})", show(&stdout), show(&stderr)));
        Ran { line, code, stdout, stderr }
    }
}

/// A program that has ended: its exit status and all it said.
#[derive(Debug)]
pub(crate) struct Ran {
    line: String,
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Ran {
    /// The exit status must be this.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert!(self.code == Some(code), "{} ended with {:?}, expected {code}", self.line, self.code);
        self
    }

    /// Standard output and error together must hold this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "{} does not say {text:?}", self.line);
        self
    }

    /// Neither output may hold this.
    #[track_caller]
    pub(crate) fn keeps_quiet_about(self, text: &str) -> Self {
        assert!(!self.all().contains(text), "{} says {text:?}", self.line);
        self
    }

    /// Whether it ended with this exit status.
    pub(crate) fn ended_with(&self, code: i32) -> bool {
        self.code == Some(code)
    }

    /// The exit status.
    #[track_caller]
    pub(crate) fn status(&self) -> i32 {
        self.code.unwrap_or_else(|| panic!("{} was ended by a signal", self.line))
    }

    /// Whether it ended with 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.ended_with(0)
    }

    /// Standard output as text.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as it came.
    pub(crate) fn stdout_bytes(&self) -> &[u8] {
        &self.stdout
    }

    /// Standard error as text.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Both outputs, standard output first.
    pub(crate) fn all(&self) -> String {
        self.stdout() + &self.stderr()
    }

    /// Standard output as one JSON object and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{} did not print one JSON object: {error}", self.line))
    }

    /// What certkit printed with `--format json`: one envelope, as the schema wants it.
    #[track_caller]
    pub(crate) fn envelope(&self) -> serde_json::Value {
        let envelope = self.json();
        crate::json::validate(&envelope, &self.line);
        envelope
    }

    /// The `result` of the envelope.
    #[track_caller]
    pub(crate) fn result(&self) -> serde_json::Value {
        self.envelope()["result"].take()
    }

    /// What tests ask for, in one object: the fields of `result`, with `schema` and the findings sorted into `errors`
    /// (also as `reasons`) and `warnings` (with the notes), each with the fields of its location.
    #[track_caller]
    pub(crate) fn report(&self) -> serde_json::Value {
        crate::json::flattened(self.envelope())
    }
}

/// The program under test: `$CERTKIT_BIN`, else the one that cargo built beside this test.
pub(crate) fn certkit() -> PathBuf {
    std::env::var_os("CERTKIT_BIN").map_or_else(|| env!("CARGO_BIN_EXE_certkit").into(), PathBuf::from)
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Waits until `probe` gives something, and fails the test when it never does.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "waited {} s in vain: {what}", DEADLINE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
}

/// The search path, with the folders of system programs that a user's path often lacks (nginx).
fn peers_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Output for the transcript: whole lines, and not megabytes of them.
fn show(bytes: &[u8]) -> String {
    const MOST: usize = 20_000;
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]).into_owned();
    if bytes.len() > MOST {
        let _ = write!(text, "\n... {} bytes in all", bytes.len());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
