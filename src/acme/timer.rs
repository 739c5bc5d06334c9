//! A timer of the system that runs `certkit acme renew` twice a day.
//!
//! Let's Encrypt asks clients not to come all at once, at midnight or on the hour, so every machine
//! waits for a time of its own: systemd by `RandomizedDelaySec`, cron by a sleep.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::sys::fs::{Error as WriteError, Existing, NewFile, create_all, plain};

const UNIT: &str = "certkit-acme";
/// Readable for everyone: the files hold no secret.
pub const MODE: u32 = 0o644;

/// Why there is no timer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{} exists with other contents", .0.display())]
    Exists(PathBuf),
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
    /// A systemd timer that runs `certkit acme renew` for the state directory, for the whole system
    /// as root, else for the user.
    ///
    /// # Errors
    /// [`Error::NoHome`], [`Error::NotUtf8`], [`Error::Program`].
    pub fn systemd(state: &Path) -> Result<Self, Error> {
        systemd(&words(&program()?, state)?, is_root())
    }

    /// The same for cron: a file in `/etc/cron.d` for root, else a line for `crontab -e`.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::Program`].
    pub fn cron(state: &Path) -> Result<Self, Error> {
        Ok(cron(&words(&program()?, state)?, is_root()))
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
            WriteError::Exists(path) => Error::Exists(path),
            WriteError::Io { path, source, .. } => Error::Write { path, source },
        })?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }
}

fn systemd(words: &[String], is_root: bool) -> Result<Timer, Error> {
    let command = words.iter().map(|word| systemd_word(word)).collect::<Vec<_>>().join(" ");
    let service = format!(
        "[Unit]\n\
         Description=Renew certificates that are due\n\
         Documentation=man:certkit-acme-renew(1)\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={command}\n"
    );
    let timer = "[Unit]\n\
         Description=Renew certificates twice a day\n\
         \n\
         [Timer]\n\
         OnCalendar=*-*-* 00,12:00:00\n\
         RandomizedDelaySec=6h\n\
         # Catch up on runs that were missed while the machine was off.\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n";
    let folder = if is_root { PathBuf::from("/etc/systemd/system") } else { user_folder()? };
    let who = if is_root { "" } else { " --user" };
    let mut next = vec![
        format!("systemctl{who} daemon-reload"),
        format!("systemctl{who} enable --now {UNIT}.timer"),
        format!("systemctl{who} list-timers {UNIT}.timer"),
    ];
    if !is_root {
        // Without it a user's timers stop with the last session.
        next.push("loginctl enable-linger".to_owned());
    }
    let files = vec![
        (folder.join(format!("{UNIT}.service")), service),
        (folder.join(format!("{UNIT}.timer")), timer.to_owned()),
    ];
    Ok(Timer { files, by_hand: None, next })
}

fn cron(words: &[String], is_root: bool) -> Timer {
    // cron turns a percent sign into a line break (crontab(5)).
    let command = shell_line(words).replace('%', "\\%");
    // A POSIX shell has no $RANDOM. Up to six hours, as with systemd.
    let sleep = "sleep $(awk 'BEGIN{srand(); print int(rand()*21600)}')";
    let user = if is_root { "root " } else { "" };
    let line = format!("0 0,12 * * * {user}{sleep}; {command}");
    if !is_root {
        return Timer { files: Vec::new(), by_hand: Some(line), next: Vec::new() };
    }
    let contents = format!(
        "# Renew certificates twice a day, at a time that differs from machine to machine.\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         {line}\n"
    );
    Timer {
        files: vec![(PathBuf::from("/etc/cron.d").join(UNIT), contents)],
        by_hand: None,
        next: Vec::new(),
    }
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

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(Error::Program)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The command line that the timer runs.
fn words(program: &Path, state: &Path) -> Result<Vec<String>, Error> {
    let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| Error::NotUtf8(path.to_owned()));
    let program = text(program)?;
    let fixed = ["acme", "renew", "--quiet", "--state"].map(str::to_owned);
    Ok([vec![program], fixed.to_vec(), vec![text(&state)?]].concat())
}

fn shell_line(words: &[String]) -> String {
    // A path holds no zero byte, which is all that cannot be quoted.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let timer = systemd(&command(), true).unwrap();
        let (path, service) = &timer.files[0];
        assert_eq!(path, Path::new("/etc/systemd/system/certkit-acme.service"));
        let command = "ExecStart=/usr/bin/certkit acme --state \"/srv/my state/100%%\"\n";
        assert!(service.contains(command), "{service}");
        let (_, timer_file) = &timer.files[1];
        for line in ["OnCalendar=*-*-* 00,12:00:00", "RandomizedDelaySec=6h", "Persistent=true"] {
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
        let timer = cron(&command(), true);
        let (path, text) = &timer.files[0];
        assert_eq!(path, Path::new("/etc/cron.d/certkit-acme"));
        assert!(text.contains("\n0 0,12 * * * root sleep "), "{text}");
        assert!(text.ends_with("/usr/bin/certkit acme --state '/srv/my state/100\\%'\n"), "{text}");
        let timer = cron(&command(), false);
        assert!(timer.files.is_empty());
        assert!(timer.by_hand.unwrap().starts_with("0 0,12 * * * sleep "));
    }
}
