//! Runs that are killed between two names.

use proptest::prelude::*;

use super::super::{Existing, NewFile, PRIVATE, PUBLIC};
use super::*;

const NEW: [(&str, &str); 3] = [("key", "new key"), ("crt", "new crt"), ("extra", "new extra")];

/// A folder with an old pair, and the steps that lead to a new one with one more file.
struct Interrupted {
    dir: tempfile::TempDir,
    steps: Vec<Step>,
}

impl Interrupted {
    /// After so many steps; with `is_torn`, and the first half of the next.
    fn after(count: usize, is_torn: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("key"), "old key").unwrap();
        fs::write(dir.path().join("crt"), "old crt").unwrap();
        let mut steps = Vec::new();
        for (name, contents) in NEW {
            let path = dir.path().join(name);
            fs::write(dir.path().join(format!("{name}.certkit-1-1.tmp")), contents).unwrap();
            let backup = if name == "key" { "key.bak" } else { "crt.certkit-1-1.old" };
            steps.push(Step {
                before: Fingerprint::of_file(&path),
                backup: path.exists().then(|| backup.into()),
                path,
                temporary: format!("{name}.certkit-1-1.tmp").into(),
                keeps_backup: name == "key",
                is_private: name == "key",
                after: Fingerprint::of(contents.as_bytes()),
            });
        }
        let mut journal = Journal::create(dir.path(), "1-1").unwrap();
        journal.write(&steps).unwrap();
        journal.publish().unwrap();
        assert_eq!(heal(dir.path()), Healed::Busy);
        for step in &steps[..count] {
            step.forward().unwrap();
        }
        if is_torn && let Some(step) = steps.get(count) {
            match &step.backup {
                Some(backup) => fs::hard_link(&step.path, dir.path().join(backup)).unwrap(),
                None => fs::hard_link(step.temporary(), &step.path).unwrap(),
            }
        }
        // As a kill does.
        flock(&journal.file, FlockOperation::Unlock).unwrap();
        std::mem::forget(journal);
        Self { dir, steps }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn heal(&self) {
        assert_eq!(heal(self.dir.path()), Healed::Done);
        assert_eq!(heal(self.dir.path()), Healed::Done);
        super::super::leftovers::remove(self.dir.path());
    }
}

#[test]
fn every_kill_is_rolled_forward() {
    for count in 0..=NEW.len() {
        for is_torn in [false, true] {
            let run = Interrupted::after(count, is_torn);
            run.heal();
            assert_eq!(run.names(), ["crt", "extra", "key", "key.bak"], "{count} {is_torn}");
            for (name, contents) in NEW {
                assert_eq!(run.text(name), contents, "{count} {is_torn}");
            }
            assert_eq!(run.text("key.bak"), "old key");
        }
    }
}

/// A child has every file of its parent open until it calls execve(2), and with them their locks.
#[test]
fn children_of_other_threads_hold_nothing_back() {
    let is_over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                std::process::Command::new("true").status().unwrap();
            }
        });
        let names: Vec<_> = (0..300)
            .map(|_| {
                let run = Interrupted::after(2, true);
                run.heal();
                run.names()
            })
            .collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        for names in names {
            assert_eq!(names, ["crt", "extra", "key", "key.bak"]);
        }
    });
}

#[test]
fn without_a_new_file_the_old_ones_get_their_names_back_and_no_key_is_lost() {
    for count in 1..NEW.len() {
        let run = Interrupted::after(count, false);
        fs::remove_file(run.steps[2].temporary()).unwrap();
        run.heal();
        assert_eq!(run.names(), ["crt", "key", "key.bak.2"], "{count}");
        let texts = ["key", "crt", "key.bak.2"].map(|name| run.text(name));
        assert_eq!(texts, ["old key", "old crt", "new key"], "{count}");
    }
}

#[test]
fn what_a_person_has_changed_since_stays() {
    let run = Interrupted::after(1, false);
    fs::write(run.dir.path().join("crt"), "from elsewhere").unwrap();
    run.heal();
    assert_eq!(run.names(), ["crt", "key", "key.bak"]);
    assert_eq!([run.text("key"), run.text("crt")], ["new key", "from elsewhere"]);
}

#[test]
fn a_backup_that_appeared_since_is_not_replaced() {
    let run = Interrupted::after(0, false);
    fs::write(run.dir.path().join("key.bak"), "another key").unwrap();
    run.heal();
    assert_eq!(run.names(), ["crt", "extra", "key", "key.bak", "key.bak.2"]);
    assert_eq!([run.text("key.bak"), run.text("key.bak.2")], ["another key", "old key"]);
}

#[test]
fn journals_that_others_could_have_written_are_not_obeyed() {
    use std::os::unix::fs::PermissionsExt;
    let run = Interrupted::after(1, false);
    fs::set_permissions(run.dir.path().join(NAME), fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(heal(run.dir.path()), Healed::Left(JournalProblem::NotTrusted));
    assert_eq!(run.text("crt"), "old crt");
}

#[test]
fn a_new_key_stays_when_a_person_has_changed_its_certificate() {
    let run = Interrupted::after(0, false);
    fs::write(run.dir.path().join("crt"), "from elsewhere").unwrap();
    run.heal();
    assert_eq!(run.names(), ["crt", "key", "key.bak"]);
    let texts = ["key", "key.bak", "crt"].map(|name| run.text(name));
    assert_eq!(texts, ["old key", "new key", "from elsewhere"]);
    assert!(super::super::take_kept().contains(&run.dir.path().join("key.bak")));
}

/// Another user puts a journal into the folder; only root can show it.
fn with_foreign_journal(mode: u32) -> Option<tempfile::TempDir> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(NAME), "").unwrap();
    fs::set_permissions(dir.path().join(NAME), fs::Permissions::from_mode(PRIVATE)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    if chown(dir.path().join(NAME), Some(4321), None).is_err() {
        return None;
    }
    Some(dir)
}

fn pair(folder: &Path) -> [NewFile; 2] {
    [("key", PRIVATE), ("crt", PUBLIC)].map(|(name, mode)| NewFile {
        path: folder.join(name),
        contents: name.into(),
        mode,
        existing: Existing::Refuse,
    })
}

#[test]
fn where_others_may_write_a_journal_of_theirs_stops_nobody() {
    for mode in [0o1777, 0o1755, 0o775, 0o757] {
        let Some(dir) = with_foreign_journal(mode) else { return };
        assert_eq!(heal(dir.path()), Healed::Ignored);
        super::super::create_all(&pair(dir.path())).unwrap();
        assert_eq!(fs::read(dir.path().join("crt")).unwrap(), b"crt");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "{mode:o}");
    }
    // A link is not followed.
    let Some(dir) = with_foreign_journal(0o1777) else { return };
    fs::remove_file(dir.path().join(NAME)).unwrap();
    std::os::unix::fs::symlink("elsewhere", dir.path().join(NAME)).unwrap();
    assert_eq!(heal(dir.path()), Healed::Left(JournalProblem::NotTrusted));
    std::os::unix::fs::lchown(dir.path().join(NAME), Some(4321), None).unwrap();
    assert_eq!(heal(dir.path()), Healed::Ignored);
}

#[test]
fn elsewhere_the_error_names_its_owner_and_the_file() {
    let Some(dir) = with_foreign_journal(0o755) else { return };
    let error = super::super::create_all(&pair(dir.path())).unwrap_err();
    let Error::Journal { path, problem } = &error else { panic!("{error}") };
    assert_eq!((path, problem), (&dir.path().join(NAME), &JournalProblem::Foreign(4321)));
    assert!(error.to_string().ends_with("it belongs to another user (4321)"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    // While it runs it is waited for.
    let journal = File::open(dir.path().join(NAME)).unwrap();
    flock(&journal, FlockOperation::LockExclusive).unwrap();
    assert_eq!(heal(dir.path()), Healed::Busy);
    drop(journal);
    fs::remove_file(dir.path().join(NAME)).unwrap();
    super::super::create_all(&pair(dir.path())).unwrap();
}

#[test]
fn a_journal_that_is_too_large_is_called_so() {
    let run = Interrupted::after(1, false);
    let journal = OpenOptions::new().write(true).open(run.dir.path().join(NAME)).unwrap();
    journal.set_len(MOST_BYTES + 1).unwrap();
    assert_eq!(heal(run.dir.path()), Healed::Left(JournalProblem::TooLarge));
    assert_eq!(run.text("crt"), "old crt");
}

#[test]
fn the_next_group_in_the_folder_finishes_the_last_one() {
    let run = Interrupted::after(1, false);
    let file = |name: &str, mode| NewFile {
        path: run.dir.path().join(name),
        contents: format!("newest {name}").into_bytes(),
        mode,
        existing: Existing::KeepBackup,
    };
    super::super::create_all(&[file("key", PRIVATE), file("crt", PUBLIC)]).unwrap();
    assert_eq!([run.text("key"), run.text("crt")], ["newest key", "newest crt"]);
    assert_eq!([run.text("key.bak"), run.text("key.bak.2")], ["old key", "new key"]);
    assert_eq!([run.text("crt.bak"), run.text("extra")], ["new crt", "new extra"]);
    assert_eq!(run.names().len(), 6);
}

#[test]
fn a_group_of_two_folders_is_finished_from_either() {
    for at in 0..2 {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["one", "two"].map(|name| dir.path().join(name));
        let mut steps = Vec::new();
        for folder in &folders {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file.certkit-1-1.tmp"), "new").unwrap();
            steps.push(Step {
                path: folder.join("file"),
                temporary: "file.certkit-1-1.tmp".into(),
                backup: None,
                keeps_backup: false,
                is_private: false,
                before: None,
                after: Fingerprint::of(b"new"),
            });
        }
        for folder in &folders {
            let mut journal = Journal::create(folder, "1-1").unwrap();
            journal.write(&steps).unwrap();
            journal.publish().unwrap();
            flock(&journal.file, FlockOperation::Unlock).unwrap();
            std::mem::forget(journal);
        }
        steps[0].forward().unwrap();
        assert_eq!(heal(&folders[at]), Healed::Done);
        for folder in &folders {
            super::super::leftovers::remove(folder);
            assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
            assert_eq!(fs::read(folder.join("file")).unwrap(), b"new");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut journal = BEGIN.to_vec();
        journal.extend(&bytes);
        journal.extend(END);
        for step in decode(&journal, Path::new("folder")).unwrap_or_default() {
            // Names that lead elsewhere are refused.
            let temporary = step.temporary();
            prop_assert_eq!(parent(&temporary), parent(&step.path));
        }
        decode(&bytes, Path::new("."));
    }

    #[test]
    fn a_journal_is_read_as_it_was_written(names in proptest::collection::vec("[^/\0]{1,20}", 3), flag in any::<bool>()) {
        prop_assume!(!names.iter().any(|name| name == "." || name == ".."));
        let step = Step {
            path: Path::new("folder").join(&names[0]),
            temporary: format!("{}.certkit-1-1.tmp", names[1]).into(),
            backup: flag.then(|| names[2].clone().into()),
            keeps_backup: flag,
            is_private: !flag,
            before: flag.then(|| Fingerprint::of(b"before")),
            after: Fingerprint::of(b"after"),
        };
        let steps = vec![step.clone(), step];
        let text = encode(&steps, Path::new("folder")).unwrap();
        prop_assert_eq!(decode(&text, Path::new("folder")), Some(steps));
        prop_assert_eq!(decode(&text[..text.len() - 1], Path::new("folder")), None);
    }
}
