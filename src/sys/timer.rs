//! A timer of the system that runs a command of certkit again and again, such as `certkit acme renew`.
//!
//! Let's Encrypt asks clients not to come all at once, at midnight or on the hour, so every machine
//! waits for a time of its own, the same at each run: systemd by `RandomizedDelaySec`, cron by a sleep whose length is a
//! hash of the machine's identifier and of the command.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::fs::{Error as WriteError, Existing, NewFile, create_all, plain};

/// What a timer runs, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The name of the unit, and of cron's file.
    pub unit: &'a str,
    /// What it does, as `Renew certificates that are due`.
    pub description: &'static str,
    /// The page of the manual.
    pub manual: &'static str,
    pub schedule: Schedule,
    /// Whether it asks a server.
    pub needs_network: bool,
    /// The unit that systemd starts when a run fails (systemd.unit(5)).
    pub on_failure: Option<&'a str>,
    /// The arguments of certkit.
    pub arguments: &'a [String],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every hour, at any minute.
    AcrossTheHour,
    /// In the first ten minutes of every hour.
    Hourly,
}

impl Schedule {
    /// In a sentence.
    pub fn as_str(self) -> &'static str {
        "every hour"
    }

    /// `OnCalendar` (systemd.time(7)).
    fn calendar(self) -> &'static str {
        "hourly"
    }

    /// Minute and hour of crontab(5), and the three fields of the day.
    fn cron(self) -> &'static str {
        "0 * * * *"
    }

    fn spread_seconds(self) -> u32 {
        match self {
            Self::AcrossTheHour => 3600,
            Self::Hourly => 600,
        }
    }
}

/// Readable for everyone: the files hold no secret.
pub const MODE: u32 = 0o644;

/// Why there is no timer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{} exists with other contents", .0.display())]
    Exists(PathBuf),
    #[error("a crontab has one line for each command, and `{0}` has several")]
    LineBreak(String),
    #[error("cannot find the folder for user timers: neither XDG_CONFIG_HOME nor HOME is set")]
    NoHome,
    #[error("{} is not UTF-8, which a timer's file must be", .0.display())]
    NotUtf8(PathBuf),
    #[error("cannot find this program's file: {}", plain(.0))]
    Program(#[source] io::Error),
    #[error("cannot write {}: {}", .path.display(), plain(.source))]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What to write, and what the user does then.
#[derive(Debug)]
pub struct Timer {
    /// Paths from the root on, with their contents.
    files: Vec<(PathBuf, String)>,
    /// A line that the user has to add with `crontab -e`.
    pub by_hand: Option<String>,
    /// The commands that start the timer.
    pub next: Vec<String>,
}

impl Timer {
    /// A systemd timer that runs the job, for the whole system as root, else for the user.
    ///
    /// # Errors
    /// [`Error::NoHome`], [`Error::NotUtf8`], [`Error::Program`].
    pub fn systemd(job: &Job<'_>) -> Result<Self, Error> {
        systemd(job, &words(job)?, is_root())
    }

    /// The same for cron: a file in `/etc/cron.d` for root, else a line for `crontab -e`.
    ///
    /// # Errors
    /// [`Error::LineBreak`], [`Error::NotUtf8`], [`Error::Program`].
    pub fn cron(job: &Job<'_>) -> Result<Self, Error> {
        let words = words(job)?;
        match words.iter().find(|word| word.contains('\n')) {
            Some(word) => Err(Error::LineBreak(word.clone())),
            None => Ok(cron(job, &words, is_root())),
        }
    }

    /// All files and commands as text; `root` is put before the paths.
    pub fn text(&self, root: &Path) -> String {
        let mut text = String::new();
        for (path, contents) in &self.files {
            text.push_str(&format!("# {}\n{contents}\n", below(root, path).display()));
        }
        for line in self.by_hand.iter().chain(&self.next) {
            text.push_str(&format!("{line}\n"));
        }
        text
    }

    /// Writes the files below `root`, all or none, and returns their paths.
    ///
    /// # Errors
    /// [`Error::Exists`] when a file has other contents and is not to be replaced, [`Error::Write`].
    pub fn install(&self, root: &Path, existing: Existing) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::with_capacity(self.files.len());
        for (path, contents) in &self.files {
            let path = below(root, path);
            let folder = path.parent().unwrap_or(root);
            fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
            let contents = contents.clone().into_bytes();
            files.push(NewFile { path, contents, mode: MODE, existing });
        }
        create_all(&files).map_err(|error| match error {
            WriteError::Exists(path) | WriteError::HoldsKey(path) => Error::Exists(path),
            WriteError::Io { path, source, .. } => Error::Write { path, source },
            WriteError::Journal { path, problem } => {
                Error::Write { path, source: io::Error::other(problem.to_string()) }
            }
        })?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }
}

fn systemd(job: &Job<'_>, words: &[String], is_root: bool) -> Result<Timer, Error> {
    let Job { unit, description, manual, schedule, .. } = job;
    let command = words.iter().map(|word| systemd_word(word)).collect::<Vec<_>>().join(" ");
    let network = "Wants=network-online.target\nAfter=network-online.target\n";
    let network = if job.needs_network { network } else { "" };
    let on_failure = job.on_failure.map(|unit| format!("OnFailure={unit}\n")).unwrap_or_default();
    // EX_TEMPFAIL: the next run tries again, and nobody need be woken; when it becomes urgent the status is another.
    let passes = if job.on_failure.is_some() { "SuccessExitStatus=75\n" } else { "" };
    let service = format!(
        "[Unit]\n\
         Description={description}\n\
         Documentation=man:{manual}\n\
         {network}{on_failure}\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {passes}\
         ExecStart={command}\n"
    );
    let timer = format!(
        "[Unit]\n\
         Description={description}, {}\n\
         \n\
         [Timer]\n\
         OnCalendar={}\n\
         RandomizedDelaySec={}s\n\
         # The same delay at each run: the runs stay an hour apart.\n\
         FixedRandomDelay=true\n\
         # Catch up on runs that were missed while the machine was off.\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        schedule.as_str(),
        schedule.calendar(),
        schedule.spread_seconds()
    );
    let folder = unit_folder(is_root)?;
    let who = if is_root { "" } else { " --user" };
    let mut next = vec![
        format!("systemctl{who} daemon-reload"),
        format!("systemctl{who} enable --now {unit}.timer"),
        format!("systemctl{who} list-timers {unit}.timer"),
    ];
    if !is_root {
        // Without it a user's timers stop with the last session.
        next.push("loginctl enable-linger".to_owned());
    }
    let files = vec![
        (folder.join(format!("{unit}.service")), service),
        (folder.join(format!("{unit}.timer")), timer),
    ];
    Ok(Timer { files, by_hand: None, next })
}

fn cron(job: &Job<'_>, words: &[String], is_root: bool) -> Timer {
    let Job { unit, description, schedule, .. } = job;
    let command = cron_command(words);
    let sleep = sleep(&shell_line(words), schedule.spread_seconds());
    let user = if is_root { "root " } else { "" };
    let line = format!("{} {user}{sleep}; {command}", schedule.cron());
    if !is_root {
        return Timer { files: Vec::new(), by_hand: Some(line), next: Vec::new() };
    }
    let contents = format!(
        "# {description}, {}, at a time that differs from machine to machine.\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         {line}\n",
        schedule.as_str()
    );
    Timer { files: vec![(cron_folder().join(unit), contents)], by_hand: None, next: Vec::new() }
}

/// A command as a line of a crontab has it: a percent sign would be a line break (crontab(5)).
fn cron_command(words: &[String]) -> String {
    shell_line(words).replace('%', "\\%")
}

/// A sleep of less than this many seconds, in shell: not at random, because awk's `srand` gives all machines that start in
/// the same second the same, but by the machine and the command. Taken where it runs, so that the copies of an image
/// differ. cksum(1) is in POSIX and in BusyBox.
fn sleep(command: &str, seconds: u32) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, command.as_bytes());
    let command: String = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let files = super::machine::MACHINE_ID_FILES.join(" ");
    let hash = format!("{{ cat {files}; uname -n; echo {command}; }} 2>/dev/null | cksum | cut -d' ' -f1");
    format!("sleep $(($({hash}) \\% {seconds}))")
}

/// A word of a command line in a unit file (systemd.service(5)), quoted so that percent and dollar
/// signs stand for themselves.
fn systemd_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// The name of the unit for one of several that a machine may have, such as its CAs, which the job names by `option`:
/// `base`, or where that one runs for another, `base-OWN`, with a number where that is taken too. `root` is put before
/// the paths, and `own` is made fit for the names in `/etc/cron.d` (cron(8): letters, digits, underscores, hyphens).
///
/// # Errors
/// [`Error::NoHome`].
pub fn own_unit(
    base: &str,
    own: &str,
    option: [&str; 2],
    is_cron: bool,
    root: &Path,
) -> Result<String, Error> {
    let (folder, ending, words) = if !is_cron {
        (unit_folder(is_root())?, ".service", option.map(systemd_word).join(" "))
    } else if is_root() {
        (cron_folder(), "", cron_command(&option.map(str::to_owned)))
    } else {
        return Ok(base.to_owned());
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    // A file name has 255 bytes at most, and a number and an ending follow.
    let own = format!("{base}-{}", own.chars().take(100).map(plain).collect::<String>());
    let numbered = (2_u32..).map(|number| format!("{own}-{number}"));
    let mut free = None;
    // There are fewer files than numbers. The first name may be free again, and this one have another.
    for unit in [base.to_owned(), own.clone()].into_iter().chain(numbered) {
        let file = below(root, &folder.join(format!("{unit}{ending}")));
        // Writing says what is wrong with one that cannot be read.
        let Ok(text) = fs::read_to_string(&file) else {
            let is_base = unit == base;
            let first = free.get_or_insert(unit);
            if is_base {
                continue;
            }
            return Ok(first.clone());
        };
        if text.lines().any(|line| format!("{line} ").contains(&format!(" {words} "))) {
            return Ok(unit);
        }
    }
    Ok(own)
}

/// Whether systemd runs this machine, as sd_booted(3) finds out.
pub fn is_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Whether there is a timer of this name, for systemd or in `/etc/cron.d`. A user's crontab is not looked at.
pub fn is_installed(unit: &str) -> bool {
    let system = Path::new("/etc/systemd/system").join(format!("{unit}.timer"));
    let user = user_folder().ok().map(|folder| folder.join(format!("{unit}.timer")));
    let cron = Path::new("/etc/cron.d").join(unit);
    [Some(system), user, Some(cron)].iter().flatten().any(|path| path.exists())
}

/// Where units are: the system's for root, else the user's.
pub(super) fn unit_folder(is_root: bool) -> Result<PathBuf, Error> {
    if is_root { Ok("/etc/systemd/system".into()) } else { user_folder() }
}

pub(super) fn cron_folder() -> PathBuf {
    "/etc/cron.d".into()
}

/// `$XDG_CONFIG_HOME/systemd/user`, which is `~/.config/systemd/user` by default.
fn user_folder() -> Result<PathBuf, Error> {
    let from = |variable, below: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .map(|path| path.join(below))
    };
    from("XDG_CONFIG_HOME", "systemd/user")
        .or_else(|| from("HOME", ".config/systemd/user"))
        .ok_or(Error::NoHome)
}

pub(super) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(Error::Program)
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The command line that the timer runs.
fn words(job: &Job<'_>) -> Result<Vec<String>, Error> {
    Ok([vec![timer_path(&program()?)?], job.arguments.to_vec()].concat())
}

/// A path in the command line of a timer: from the root on, since a timer has no current folder.
///
/// # Errors
/// [`Error::NotUtf8`].
pub fn timer_path(path: &Path) -> Result<String, Error> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.to_str().map(str::to_owned).ok_or_else(|| Error::NotUtf8(path.clone()))
}

fn shell_line(words: &[String]) -> String {
    // A path holds no zero byte, which is all that cannot be quoted.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: Job<'_> = Job {
        unit: "certkit-acme",
        description: "Renew certificates that are due",
        manual: "certkit-acme-renew(1)",
        schedule: Schedule::AcrossTheHour,
        needs_network: true,
        on_failure: None,
        arguments: &[],
    };

    fn command() -> Vec<String> {
        ["/usr/bin/certkit", "acme", "--state", "/srv/my state/100%"].map(str::to_owned).to_vec()
    }

    #[test]
    fn words_keep_their_meaning_in_unit_files() {
        assert_eq!(systemd_word("/var/lib/certkit"), "/var/lib/certkit");
        assert_eq!(systemd_word("a b"), "\"a b\"");
        assert_eq!(systemd_word("100%$x\"\\"), "\"100%%$$x\\\"\\\\\"");
        assert_eq!(systemd_word(""), "\"\"");
    }

    #[test]
    fn the_timer_of_the_system() {
        let timer = systemd(&JOB, &command(), true).unwrap();
        let (path, service) = &timer.files[0];
        assert_eq!(path, Path::new("/etc/systemd/system/certkit-acme.service"));
        let command = "ExecStart=/usr/bin/certkit acme --state \"/srv/my state/100%%\"\n";
        assert!(service.contains(command), "{service}");
        let (_, timer_file) = &timer.files[1];
        let lines =
            ["OnCalendar=hourly", "RandomizedDelaySec=3600s", "FixedRandomDelay=true", "Persistent=true"];
        for line in lines {
            assert!(timer_file.contains(line), "{timer_file}");
        }
        assert_eq!(timer.next[1], "systemctl enable --now certkit-acme.timer");
        assert_eq!(
            below(Path::new("/image"), path),
            Path::new("/image/etc/systemd/system/certkit-acme.service")
        );
    }

    #[test]
    fn cron_for_root_and_for_others() {
        let timer = cron(&JOB, &command(), true);
        let (path, text) = &timer.files[0];
        assert_eq!(path, Path::new("/etc/cron.d/certkit-acme"));
        assert!(text.contains("\n0 * * * * root sleep "), "{text}");
        assert!(text.ends_with("/usr/bin/certkit acme --state '/srv/my state/100\\%'\n"), "{text}");
        let timer = cron(&JOB, &command(), false);
        assert!(timer.files.is_empty());
        assert!(timer.by_hand.unwrap().starts_with("0 * * * * sleep "));
    }

    /// What a shell takes for the length of the pause, on a machine of this identifier.
    fn pause(machine: &str, state: &str) -> u32 {
        let words = ["/usr/bin/certkit", "acme", "--state", state].map(str::to_owned);
        let line = cron(&JOB, &words, false).by_hand.unwrap();
        let sleep = line.strip_prefix("0 * * * * sleep ").unwrap().split("; /usr").next().unwrap();
        // As cron hands it to the shell, with another machine's file.
        let script = format!("echo {}", sleep.replace("\\%", "%").replace("/etc/machine-id", "\"$1\""));
        let dir = tempfile::tempdir().unwrap();
        let id = dir.path().join("machine-id");
        fs::write(&id, machine).unwrap();
        let output = std::process::Command::new("sh").args(["-c", &script, "sh"]).arg(&id).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn crons_pause_differs_by_machine_and_state_and_not_by_the_second() {
        let machines: Vec<_> = (0..20).map(|number| pause(&format!("{number:032x}"), "/srv/a")).collect();
        assert!(machines.iter().all(|pause| *pause < 3600), "{machines:?}");
        let different: std::collections::HashSet<_> = machines.iter().collect();
        assert!(different.len() > 15, "{machines:?}");
        assert_eq!(pause("0123", "/srv/a"), pause("0123", "/srv/a"));
        assert_ne!(pause("0123", "/srv/a"), pause("0123", "/srv/b"));
    }
}
