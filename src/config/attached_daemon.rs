//! Commands that run beside the server: uWSGI's `attach-daemon` and its family.

use std::path::PathBuf;
use std::str::FromStr;

use super::option_value::integer;

/// SIGTERM.
const TERM: u8 = 15;
/// Seconds without a pid file after which a command is looked at; that of uWSGI.
const FREQUENCY: u32 = 10;

/// A command that is kept alive while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedDaemon {
    /// For the shell.
    pub command: String,
    /// Its end stops the server.
    pub is_control: bool,
    /// Where the process id of one that outlives the server is; such a command is not started when it runs already.
    pub pid_file: Option<PathBuf>,
    /// certkit writes the pid file.
    pub is_daemonized: bool,
    /// Seconds until the pid file must be there.
    pub frequency: u32,
    /// One that outlives the server hears of a reload and of the end.
    pub is_notified: bool,
    /// It is restarted when one of these is touched.
    pub touched: Vec<PathBuf>,
    pub stop_signal: u8,
    /// `None` for the stop signal.
    pub reload_signal: Option<u8>,
    /// It reads what the server has as standard input.
    pub has_stdin: bool,
    pub user: Option<u32>,
    pub group: Option<u32>,
    pub folder: Option<PathBuf>,
    /// Seconds of the longest pause before it is started again.
    pub longest_pause: Option<u32>,
}

impl AttachedDaemon {
    /// A command that runs as long as the server does.
    pub fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            is_control: false,
            pid_file: None,
            is_daemonized: false,
            frequency: FREQUENCY,
            is_notified: false,
            touched: Vec::new(),
            stop_signal: TERM,
            reload_signal: None,
            has_stdin: false,
            user: None,
            group: None,
            folder: None,
            longest_pause: None,
        }
    }

    /// `PIDFILE[,SECONDS] COMMAND`
    ///
    /// # Errors
    /// It has not this form.
    pub fn smart(text: &str) -> Result<Self, String> {
        let wrong = "expected PIDFILE[,SECONDS] COMMAND";
        let (pid_file, command) = text.split_once(' ').ok_or(wrong)?;
        let (pid_file, seconds) = match pid_file.split_once(',') {
            Some((pid_file, seconds)) => (pid_file, Some(seconds)),
            None => (pid_file, None),
        };
        if pid_file.is_empty() || command.trim().is_empty() {
            return Err(wrong.to_owned());
        }
        let mut daemon = Self::new(command.trim_start());
        daemon.pid_file = Some(pid_file.into());
        if let Some(seconds) = seconds {
            daemon.frequency = u32::try_from(integer(seconds)).unwrap_or(FREQUENCY);
        }
        Ok(daemon)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number = || u32::try_from(integer(value)).map_err(|_| format!("`{key}` takes a number"));
        let signal = || match integer(value) {
            number @ 1..=64 => u8::try_from(number).map_err(|error| error.to_string()),
            _ => Err(format!("`{key}` takes the number of a signal")),
        };
        // As in uWSGI, a key with any value is a switch that is on.
        match key {
            "command" | "cmd" | "exec" => self.command = value.to_owned(),
            "freq" => self.frequency = number()?,
            "pidfile" => self.pid_file = Some(value.into()),
            "control" => self.is_control = true,
            "daemonize" | "daemon" => self.is_daemonized = true,
            "touch" => {
                self.touched = value.split(';').filter(|file| !file.is_empty()).map(Into::into).collect()
            }
            "stopsignal" | "stop_signal" => self.stop_signal = signal()?,
            "reloadsignal" | "reload_signal" => self.reload_signal = Some(signal()?),
            "stdin" => self.has_stdin = true,
            // Root is who runs it without this key.
            "uid" => self.user = Some(number()?).filter(|user| *user > 0),
            "gid" => self.group = Some(number()?).filter(|group| *group > 0),
            "chdir" => self.folder = Some(value.into()),
            "max_throttle" => self.longest_pause = Some(number()?).filter(|seconds| *seconds > 0),
            "notifypid" => self.is_notified = true,
            _ => return Err(format!("certkit does not know the key `{key}`")),
        }
        Ok(())
    }
}

impl FromStr for AttachedDaemon {
    type Err = String;

    /// `KEY=VALUE,...`; a backslash takes the meaning from the next letter, as in uWSGI.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut daemon = Self::new("");
        for pair in split(text) {
            let (key, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` is not KEY=VALUE"))?;
            daemon.set(key, value)?;
        }
        if daemon.command.trim().is_empty() {
            return Err("expected `cmd=COMMAND`".to_owned());
        }
        if daemon.is_daemonized && daemon.pid_file.is_none() {
            return Err("`daemonize` needs a `pidfile`".to_owned());
        }
        Ok(daemon)
    }
}

/// What is between commas.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            ',' => {
                parts.push(String::new());
                continue;
            }
            '\\' => letters.next(),
            _ => Some(letter),
        };
        if let Some(part) = parts.last_mut() {
            part.extend(letter);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let text = "cmd=run -a\\,b --c=d,pidfile=/run/x,freq=3,touch=/a;/b,stopsignal=2,reloadsignal=1,uid=5,gid=6,\
                    chdir=/srv,max_throttle=7,notifypid=1,control=1,stdin=1,daemonize=1";
        let expected = AttachedDaemon {
            command: "run -a,b --c=d".to_owned(),
            is_control: true,
            pid_file: Some("/run/x".into()),
            is_daemonized: true,
            frequency: 3,
            is_notified: true,
            touched: vec!["/a".into(), "/b".into()],
            stop_signal: 2,
            reload_signal: Some(1),
            has_stdin: true,
            user: Some(5),
            group: Some(6),
            folder: Some("/srv".into()),
            longest_pause: Some(7),
        };
        assert_eq!(text.parse(), Ok(expected));
        assert_eq!("exec=a".parse(), Ok(AttachedDaemon::new("a")));
        assert_eq!("uid=0,gid=0,cmd=a,".parse(), Ok(AttachedDaemon::new("a")));
        for (text, part) in [
            ("", "expected `cmd=COMMAND`"),
            ("run", "not KEY=VALUE"),
            ("cmd=a,ns_pid=1", "the key `ns_pid`"),
            ("cmd=a,stopsignal=TERM", "number of a signal"),
            ("cmd=a,daemonize=1", "needs a `pidfile`"),
        ] {
            let error = text.parse::<AttachedDaemon>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_command_can_be_written(command in "\\PC{0,40}") {
            let escaped: String = command.chars().flat_map(|letter| ['\\', letter]).collect();
            let daemon = format!("freq=3,cmd={escaped}").parse::<AttachedDaemon>();
            match daemon {
                Ok(daemon) => proptest::prop_assert_eq!((daemon.command, daemon.frequency), (command, 3)),
                Err(_) => proptest::prop_assert!(command.trim().is_empty()),
            }
        }
    }

    #[test]
    fn smart_ones_begin_with_their_pid_file() {
        let smart = AttachedDaemon::smart("/run/x,5 run me").unwrap();
        assert_eq!((smart.command.as_str(), smart.frequency), ("run me", 5));
        assert_eq!(smart.pid_file, Some("/run/x".into()));
        assert_eq!(AttachedDaemon::smart("/run/x run").unwrap().frequency, FREQUENCY);
        for wrong in ["run", " run", "/run/x "] {
            assert!(AttachedDaemon::smart(wrong).is_err(), "{wrong}");
        }
    }
}
