//! Files that are touched to command the server.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::Sender;
use tokio::time::MissedTickBehavior;

use crate::serve::control::Control;

/// As often as uWSGI looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Files with what their touch means.
pub(super) struct TouchedFiles {
    files: Vec<(PathBuf, Control)>,
    times: Vec<Option<SystemTime>>,
}

impl TouchedFiles {
    /// Remembers how the files are now. One that does not exist yet is touched when it is made.
    pub(super) fn new(files: Vec<(PathBuf, Control)>) -> Self {
        let times = times(&files);
        Self { files, times }
    }

    /// Sends what each touch means, for ever.
    pub(super) async fn watch(mut self, controls: Sender<Control>) {
        if self.files.is_empty() {
            return;
        }
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // A file system may take its time.
            let looked = tokio::task::spawn_blocking(move || (self.touched(), self)).await;
            let Ok((touched, files)) = looked else { return };
            self = files;
            for control in touched {
                if controls.send(control).await.is_err() {
                    return;
                }
            }
        }
    }

    /// What was touched since the last time, each command once.
    fn touched(&mut self) -> Vec<Control> {
        let now = times(&self.files);
        let before = std::mem::replace(&mut self.times, now);
        let changes = self.files.iter().zip(before.iter().zip(&self.times));
        let mut touched: Vec<_> = changes
            .filter(|(_, (before, now))| now.is_some() && now != before)
            .map(|((_, what), _)| *what)
            .collect();
        touched.dedup();
        touched
    }
}

fn times(files: &[(PathBuf, Control)]) -> Vec<Option<SystemTime>> {
    files.iter().map(|(path, _)| path.metadata().and_then(|file| file.modified()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_touch_is_a_new_time_of_a_file_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "").unwrap();
        let mut files =
            TouchedFiles::new(vec![(one.clone(), Control::Reload), (two.clone(), Control::ReopenLogs)]);
        assert_eq!(files.touched(), []);
        let touch = |path, seconds| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().append(true).create(true).open(path).unwrap().set_modified(time).unwrap();
        };
        touch(&one, 1000);
        assert_eq!(files.touched(), [Control::Reload]);
        assert_eq!(files.touched(), []);
        // Back in time is a touch too.
        touch(&one, 500);
        touch(&two, 1);
        assert_eq!(files.touched(), [Control::Reload, Control::ReopenLogs]);
        fs::remove_file(&one).unwrap();
        assert_eq!(files.touched(), []);
        touch(&one, 500);
        assert_eq!(files.touched(), [Control::Reload]);
    }
}
