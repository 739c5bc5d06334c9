//! Disks that are full: a small file system of the test's own. Root mounts it; anybody else has it mounted in a name space
//! that unprivileged users may make. Where neither is allowed, as in a plain container, a limit on the size of files stands
//! in for it: writing fails at the same places, with "file too large" instead of "no space left on device".

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use rustix::process::geteuid;

use crate::harness::{Program, Test, eventually};
use crate::peers::without_override;
use crate::process::Process;

/// A folder of the test with little room. It goes with the value.
pub(crate) struct SmallDisk<'a> {
    test: &'a Test,
    folder: &'static str,
    backing: Backing,
}

enum Backing {
    Mounted,
    /// Mounted where only this process sees it; the folder is a link that leads there by way of /proc.
    NameSpace {
        process: Process,
        inside: PathBuf,
    },
    /// Nothing is mounted: how many bytes a file may have, and whether the folder may be written.
    FileSize {
        most_bytes: Cell<Option<usize>>,
        read_only: Cell<bool>,
    },
}

const MOUNT_INSIDE: &str = r#"mount -t tmpfs -o "$1" none "$2" && echo mounted && exec sleep 3600"#;

impl<'a> SmallDisk<'a> {
    /// Makes `folder`, which must not exist, a disk of this size.
    pub(crate) fn new(test: &'a Test, folder: &'static str, size_kib: usize) -> Self {
        let path = test.path(folder);
        let options = format!("size={size_kib}k,mode=700");
        let disk = |backing| Self { test, folder, backing };
        if geteuid().is_root() {
            fs::create_dir(&path).unwrap();
            let mount = test.program("mount").args(["-t", "tmpfs", "-o", &options, "none", folder]);
            if mount.run().succeeded() {
                return disk(Backing::Mounted);
            }
            fs::remove_dir(&path).unwrap();
        }
        let inside = test.path(format!("{folder}.mount"));
        fs::create_dir(&inside).unwrap();
        let program = test.program("unshare").args(["-rm", "sh", "-c", MOUNT_INSIDE, "sh", &options]);
        let mut process = Process::start(test, program.args([&inside]));
        let mounted = eventually("a disk is mounted in a name space, or is not", || {
            process.log().contains("mounted").then_some(true).or_else(|| process.ended().map(|_| false))
        });
        if mounted {
            symlink(format!("/proc/{}/root{}", process.id(), inside.display()), &path).unwrap();
            return disk(Backing::NameSpace { process, inside });
        }
        fs::remove_dir(&inside).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        test.note("mounting is not allowed here: files are limited in size instead");
        disk(Backing::FileSize { most_bytes: Cell::new(None), read_only: Cell::new(false) })
    }

    /// Fills it but for so much, until [`Self::make_room`].
    pub(crate) fn leave_kib(&self, free: usize) {
        match &self.backing {
            // What a command writes is a dozen of files.
            Backing::FileSize { most_bytes, .. } => most_bytes.set(Some(free * 1024 / 12)),
            _ => {
                let disk = rustix::fs::statvfs(self.test.path(self.folder)).unwrap();
                let left = (disk.f_bavail * disk.f_frsize) as usize;
                fs::write(self.ballast(), vec![0; left.saturating_sub(free * 1024)]).unwrap();
            }
        }
    }

    /// Gives back the room that [`Self::leave_kib`] took.
    pub(crate) fn make_room(&self) {
        match &self.backing {
            Backing::FileSize { most_bytes, .. } => most_bytes.set(None),
            _ => fs::remove_file(self.ballast()).unwrap(),
        }
    }

    /// Takes the right to write from everybody.
    pub(crate) fn make_read_only(&self) {
        match &self.backing {
            Backing::Mounted => {
                self.test.run("mount", &["-o", "remount,ro", self.folder]).exits(0);
            }
            Backing::NameSpace { process, inside } => {
                let id = process.id().to_string();
                let enter = ["-U", "-m", "--preserve-credentials", "-t", &id];
                let enter = enter.into_iter().chain(["mount", "-o", "remount,bind,ro"]);
                self.test.program("nsenter").args(enter).args([inside]).run().exits(0);
            }
            Backing::FileSize { read_only, .. } => {
                read_only.set(true);
                let folder = self.test.path(self.folder);
                for entry in fs::read_dir(&folder).unwrap() {
                    fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o400)).unwrap();
                }
                fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
            }
        }
    }

    /// Starts the line of a program that uses the disk; the program and its arguments follow.
    pub(crate) fn program(&self) -> Program<'a> {
        match &self.backing {
            Backing::FileSize { read_only, .. } if read_only.get() => without_override(self.test),
            Backing::FileSize { most_bytes, .. } => match most_bytes.get() {
                // Without the trap, the signal for a file that grows too large would end the program.
                Some(most) => self.test.program("sh").args([
                    "-c",
                    "trap '' XFSZ; most=$1; shift; exec prlimit --fsize=$most -- \"$@\"",
                    "sh",
                    &most.to_string(),
                ]),
                None => self.test.program("env"),
            },
            _ => self.test.program("env"),
        }
    }

    /// What the system says when something does not fit.
    pub(crate) fn refusal(&self) -> &'static str {
        match self.backing {
            Backing::FileSize { .. } => "file too large",
            _ => "no space left on device",
        }
    }

    /// Whether the system says so with the error code of a full disk.
    pub(crate) fn is_mounted(&self) -> bool {
        !matches!(self.backing, Backing::FileSize { .. })
    }

    fn ballast(&self) -> PathBuf {
        self.test.path(self.folder).join("ballast")
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        match &self.backing {
            Backing::Mounted => drop(self.test.run("umount", &[self.folder])),
            // The mount ends with the process.
            Backing::NameSpace { .. } => drop(fs::remove_file(self.test.path(self.folder))),
            Backing::FileSize { .. } => {
                let _ = fs::set_permissions(self.test.path(self.folder), Permissions::from_mode(0o700));
            }
        }
    }
}
