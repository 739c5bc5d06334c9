//! `certkit acme install-timer`: files that have the system run `certkit acme renew` twice a day.
//!
//! Let's Encrypt asks clients not to come all at once, at midnight or the full hour, so every machine waits for a
//! time of its own: systemd by `RandomizedDelaySec`, cron by a sleep.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::default_state;
use crate::cli::InstallTimerArgs;
use crate::commands::{Context, Result};
use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::report::{Created, CreatedFile, Failure, FileRole, Outcome, Report};
use crate::sys::fs::{Error, Existing, NewFile, create_all, plain};

const UNIT: &str = "certkit-acme";
/// Readable for everybody: there is nothing secret in it.
const MODE: u32 = 0o644;

pub(super) fn run(args: &InstallTimerArgs, context: &Context<'_>) -> Result {
    let state = match &args.state.state {
        Some(state) => std::path::absolute(state).unwrap_or_else(|_| state.clone()),
        None => default_state()?,
    };
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(Finding::error(Code::Io, format!("cannot find this program's file: {}", plain(&error))))
    })?;
    let words = [text(&program)?, "acme", "renew", "--quiet", "--state", text(&state)?];
    let root = args.root.clone().unwrap_or_else(|| PathBuf::from("/"));
    let is_root = rustix::process::geteuid().is_root();
    let timer = if args.kind.cron { cron(&words, is_root) } else { systemd(&words, is_root)? };

    if args.dry_run {
        return Ok(Report::new(Outcome::Text(timer.shown(&root))));
    }
    let mut created = Vec::new();
    let mut files = Vec::new();
    for (path, contents) in &timer.files {
        let path = below(&root, path);
        let folder = path.parent().unwrap_or(&root);
        fs::create_dir_all(folder).map_err(|error| write_failure(folder, &error))?;
        created.push(CreatedFile {
            path: path.display().to_string(),
            role: FileRole::Timer,
            mode: Some(MODE),
            description: "runs `certkit acme renew` twice a day".to_owned(),
        });
        let existing = if args.force { Existing::Replace } else { Existing::Refuse };
        files.push(NewFile { path, contents: contents.clone().into_bytes(), mode: MODE, existing });
    }
    create_all(&files).map_err(|error| match error {
        Error::Exists(path) => Failure::new(
            Finding::error(Code::OutputExists, "the file says something else already")
                .at(Location::file(path.display().to_string()))
                .fix("look at it, then run it again with --force to replace it"),
        ),
        Error::Io { path, source, .. } => write_failure(&path, &source),
    })?;
    if let Some(line) = &timer.by_hand {
        context.talk.say("add this line with `crontab -e`:");
        let mut report = Report::new(Outcome::Text(format!("{line}\n")));
        report.next = timer.next;
        return Ok(report);
    }
    let mut report = Report::new(Outcome::Created(Created { files: created, ..Created::default() }));
    report.next = timer.next;
    Ok(report)
}

/// What to write, and what the user does then.
struct Timer {
    /// Paths from the root on, with their contents.
    files: Vec<(PathBuf, String)>,
    /// A line that the user has to put in place.
    by_hand: Option<String>,
    next: Vec<String>,
}

impl Timer {
    fn shown(&self, root: &Path) -> String {
        let mut text = String::new();
        for (path, contents) in &self.files {
            text.push_str(&format!("# {}\n{contents}\n", below(root, path).display()));
        }
        for line in self.by_hand.iter().chain(&self.next) {
            text.push_str(&format!("{line}\n"));
        }
        text
    }
}

fn systemd(words: &[&str], is_root: bool) -> Result<Timer> {
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
         # Make up for what was missed while the machine was off.\n\
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
        // Else a user's timers stop with the last session.
        next.push("loginctl enable-linger".to_owned());
    }
    let files = vec![
        (folder.join(format!("{UNIT}.service")), service),
        (folder.join(format!("{UNIT}.timer")), timer.to_owned()),
    ];
    Ok(Timer { files, by_hand: None, next })
}

fn cron(words: &[&str], is_root: bool) -> Timer {
    // cron turns a percent sign into a line break (crontab(5)).
    let command = words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ").replace('%', "\\%");
    // No $RANDOM in a POSIX shell; six hours as with systemd.
    let sleep = "sleep $(awk 'BEGIN{srand(); print int(rand()*21600)}')";
    let user = if is_root { "root " } else { "" };
    let line = format!("0 0,12 * * * {user}{sleep}; {command}");
    if !is_root {
        return Timer { files: Vec::new(), by_hand: Some(line), next: Vec::new() };
    }
    let contents = format!(
        "# Renew certificates twice a day, at a time of this machine's own.\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         {line}\n"
    );
    Timer {
        files: vec![(PathBuf::from("/etc/cron.d").join(UNIT), contents)],
        by_hand: None,
        next: Vec::new(),
    }
}

/// A word of a command line in a unit file (systemd.service(5)): quoted, and no percent or dollar sign has a meaning.
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
fn user_folder() -> Result<PathBuf> {
    let from = |variable, below: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .map(|path| path.join(below))
    };
    from("XDG_CONFIG_HOME", "systemd/user").or_else(|| from("HOME", ".config/systemd/user")).ok_or_else(
        || {
            Failure::new(Finding::error(
                Code::NotFound,
                "no place for the timer: neither XDG_CONFIG_HOME nor HOME is set",
            ))
        },
    )
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        let message = format!("{} is not UTF-8, which a timer's file must be", path.display());
        Failure::new(Finding::error(Code::InvalidSetting, message))
    })
}

fn write_failure(path: &Path, error: &std::io::Error) -> Failure {
    let code = if error.kind() == ErrorKind::PermissionDenied { Code::Permission } else { Code::Io };
    let message = format!("cannot write: {}", plain(error));
    Failure::new(Finding::error(code, message).at(Location::file(path.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["/usr/bin/certkit", "acme", "--state", "/srv/my state/100%"];

    #[test]
    fn words_keep_their_meaning_in_unit_files() {
        assert_eq!(systemd_word("/var/lib/certkit"), "/var/lib/certkit");
        assert_eq!(systemd_word("a b"), "\"a b\"");
        assert_eq!(systemd_word("100%$x\"\\"), "\"100%%$$x\\\"\\\\\"");
        assert_eq!(systemd_word(""), "\"\"");
    }

    #[test]
    fn the_timer_of_the_system() {
        let timer = systemd(&WORDS, true).unwrap();
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
        let timer = cron(&WORDS, true);
        let (path, text) = &timer.files[0];
        assert_eq!(path, Path::new("/etc/cron.d/certkit-acme"));
        assert!(text.contains("\n0 0,12 * * * root sleep "), "{text}");
        assert!(text.ends_with("/usr/bin/certkit acme --state '/srv/my state/100\\%'\n"), "{text}");
        let timer = cron(&WORDS, false);
        assert!(timer.files.is_empty());
        assert!(timer.by_hand.unwrap().starts_with("0 0,12 * * * sleep "));
    }
}
