//! Another user, other groups, another root folder: what a process that root has started becomes.
//!
//! By nix, which calls glibc: the kernel keeps ids per thread, and glibc changes those of all threads (nptl(7)).

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, chroot, getegid, geteuid, getgrouplist, getgroups};
use nix::unistd::{setgid, setgroups, setuid};
use rustix::fs::{AtFlags, Mode, OFlags};

use super::fs::plain;
use super::memory;
use super::opener::FileIdentity;

/// What is asked for: names or numbers.
#[derive(Clone, Debug, Default)]
pub struct PrivilegeOptions {
    pub user: Option<String>,
    /// `None` for the user's own.
    pub group: Option<String>,
    /// Beside the user's own groups.
    pub further_groups: Vec<String>,
    /// Without the user's own groups.
    pub no_initgroups: bool,
    pub chroot: Option<PathBuf>,
}

/// What this process is to become, in numbers.
#[derive(Debug)]
pub struct Privileges {
    user: Option<Uid>,
    group: Option<Gid>,
    /// Supplementary groups; `None` to keep them.
    groups: Option<Vec<Gid>>,
    chroot: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    #[error("--{option} needs root, and certkit was started as {}", this_user())]
    NotRoot { option: &'static str },
    #[error("there is no user `{0}` on this machine")]
    NoUser(String),
    #[error("there is no group `{0}` on this machine")]
    NoGroup(String),
    #[error("user {0} is not in the list of users of this machine, so its group is not known")]
    GroupUnknown(Uid),
    #[error("cannot {action}: {}", plain(source))]
    System { action: String, source: io::Error },
    #[error("certkit could become root again after it had become {0}")]
    StillRoot(Uid),
}

fn this_user() -> String {
    let user = geteuid();
    match User::from_uid(user) {
        Ok(Some(User { name, .. })) => format!("`{name}`"),
        _ => format!("user {user}"),
    }
}

impl Privileges {
    /// What the options ask for; `None` if that is nothing, or what this process is already (as in uWSGI).
    ///
    /// # Errors
    /// A name is not known, or this process is not root.
    pub fn resolve(options: &PrivilegeOptions) -> Result<Option<Self>, PrivilegeError> {
        let PrivilegeOptions { user, group, further_groups, no_initgroups, chroot } = options;
        let user = user.as_deref().map(Account::find).transpose()?;
        let named_group = group.as_deref().map(find_group).transpose()?;
        let mut further =
            further_groups.iter().map(|name| find_group(name)).collect::<Result<Vec<_>, _>>()?;
        if !geteuid().is_root() {
            let needs_root =
                |option, is_needed| if is_needed { Err(PrivilegeError::NotRoot { option }) } else { Ok(()) };
            needs_root("user", user.as_ref().is_some_and(|user| user.id != geteuid()))?;
            needs_root("group", named_group.is_some_and(|group| group != getegid()))?;
            needs_root("add-group", !further.is_empty())?;
            needs_root("chroot", chroot.is_some())?;
            return Ok(None);
        }
        if user.is_none() && named_group.is_none() && further.is_empty() && chroot.is_none() {
            return Ok(None);
        }
        let group = match (named_group, &user) {
            (Some(group), _) => Some(group),
            (None, Some(user)) => Some(user.group.ok_or(PrivilegeError::GroupUnknown(user.id))?),
            (None, None) => None,
        };
        let groups = match (&user, group) {
            (Some(_), _) if *no_initgroups => Some(Vec::new()),
            (Some(user), Some(group)) => Some(user.groups(group)?),
            (None, Some(group)) => Some(vec![group]),
            (_, None) if further.is_empty() => None,
            (_, None) => Some(getgroups().map_err(failed("read the groups of this process"))?),
        };
        let groups = groups.map(|mut groups| {
            groups.append(&mut further);
            groups.sort_unstable_by_key(|group| group.as_raw());
            groups.dedup();
            groups
        });
        Ok(Some(Self { user: user.map(|user| user.id), group, groups, chroot: chroot.clone() }))
    }

    /// Whether files stay closed afterwards that root can open now.
    pub fn lose_files(&self) -> bool {
        self.user.is_some_and(|user| !user.is_root()) || self.chroot.is_some()
    }

    /// Says which file a unix socket is, and gives it to this user and group unless it `has_owner`. Nothing else is
    /// given away, even if this user may write to its folder.
    ///
    /// # Errors
    /// What the system says; it is not a socket any more.
    pub fn own_socket(&self, path: &Path, has_owner: bool) -> io::Result<FileIdentity> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: OwnedFd = rustix::fs::open(path, flags, Mode::empty())?;
        let metadata = File::from(file.try_clone()?).metadata()?;
        if !std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let user = self.user.map(|user| rustix::fs::Uid::from_raw(user.as_raw()));
        let group = self.group.map(|group| rustix::fs::Gid::from_raw(group.as_raw()));
        if !has_owner && (user.is_some() || group.is_some()) {
            rustix::fs::chownat(&file, "", user, group, AtFlags::EMPTY_PATH)?;
        }
        Ok(FileIdentity::from(&metadata))
    }

    /// Whether the root folder is to change.
    pub fn change_root(&self) -> bool {
        self.chroot.is_some()
    }

    /// Changes the root folder, if that is asked for. [`assume`](Self::assume) comes next.
    ///
    /// # Errors
    /// What the system says; the process must end then.
    pub fn enter_root(&self) -> Result<(), PrivilegeError> {
        if let Some(folder) = &self.chroot {
            let action = || format!("change the root folder to `{}`", folder.display());
            chroot(folder).map_err(failed(action()))?;
            // A working directory outside would be a way out (chroot(2)).
            std::env::set_current_dir("/")
                .map_err(|source| PrivilegeError::System { action: action(), source })?;
        }
        Ok(())
    }

    /// Becomes that user. There should be no other thread yet.
    ///
    /// # Errors
    /// What the system says; the process must end then.
    pub fn assume(self) -> Result<(), PrivilegeError> {
        if let Some(groups) = &self.groups {
            setgroups(groups).map_err(failed("change the groups of this process"))?;
        }
        if let Some(group) = self.group {
            setgid(group).map_err(failed(format!("become a member of group {group}")))?;
        }
        if let Some(user) = self.user {
            setuid(user).map_err(failed(format!("become user {user}")))?;
            if !user.is_root() && setuid(Uid::from_raw(0)).is_ok() {
                return Err(PrivilegeError::StillRoot(user));
            }
            // setuid(2) has changed it.
            memory::keep_private().map_err(|source| PrivilegeError::System {
                action: "protect the memory from other processes of this user".to_owned(),
                source,
            })?;
        }
        Ok(())
    }
}

/// A user, perhaps one that only has a number.
struct Account {
    id: Uid,
    name: Option<CString>,
    group: Option<Gid>,
}

impl Account {
    fn find(name: &str) -> Result<Self, PrivilegeError> {
        let action = || format!("look for the user `{name}`");
        let mut found = User::from_name(name).map_err(failed(action()))?;
        let number = name.parse().ok().map(Uid::from_raw);
        if let (None, Some(number)) = (&found, number) {
            found = User::from_uid(number).map_err(failed(action()))?;
        }
        match (found, number) {
            (Some(User { name, uid, gid, .. }), _) => {
                Ok(Self { id: uid, name: CString::new(name).ok(), group: Some(gid) })
            }
            // The highest number means `unchanged` to the system.
            (None, Some(id)) if id.as_raw() != u32::MAX => Ok(Self { id, name: None, group: None }),
            (None, _) => Err(PrivilegeError::NoUser(name.to_owned())),
        }
    }

    /// All groups of this user, with `group` as the first one.
    fn groups(&self, group: Gid) -> Result<Vec<Gid>, PrivilegeError> {
        match &self.name {
            Some(name) => getgrouplist(name, group).map_err(failed("look for the groups of the user")),
            None => Ok(vec![group]),
        }
    }
}

fn find_group(name: &str) -> Result<Gid, PrivilegeError> {
    let found = Group::from_name(name).map_err(failed(format!("look for the group `{name}`")))?;
    let number = || name.parse().ok().filter(|number| *number != u32::MAX).map(Gid::from_raw);
    found.map(|group| group.gid).or_else(number).ok_or_else(|| PrivilegeError::NoGroup(name.to_owned()))
}

fn failed(action: impl Into<String>) -> impl FnOnce(Errno) -> PrivilegeError {
    let action = action.into();
    |error| PrivilegeError::System { action, source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(change: impl FnOnce(&mut PrivilegeOptions)) -> Result<Option<Privileges>, PrivilegeError> {
        let mut options = PrivilegeOptions::default();
        change(&mut options);
        Privileges::resolve(&options)
    }

    #[test]
    fn names_that_nobody_has() {
        assert!(resolve(|_| ()).unwrap().is_none());
        let error = resolve(|o| o.user = Some("no-such-user".into())).unwrap_err();
        assert_eq!(error.to_string(), "there is no user `no-such-user` on this machine");
        let error = resolve(|o| o.further_groups = vec!["no-such-group".into()]).unwrap_err();
        assert_eq!(error.to_string(), "there is no group `no-such-group` on this machine");
        for highest in ["4294967295", "4294967296", "-1", ""] {
            assert!(matches!(resolve(|o| o.user = Some(highest.into())), Err(PrivilegeError::NoUser(_))));
            assert!(matches!(resolve(|o| o.group = Some(highest.into())), Err(PrivilegeError::NoGroup(_))));
        }
    }

    #[test]
    fn without_root_only_what_is_so_already_is_done() {
        let (user, group) = (geteuid(), getegid());
        if user.is_root() {
            let number = "4000000000";
            let error = resolve(|o| o.user = Some(number.into())).unwrap_err();
            assert!(matches!(error, PrivilegeError::GroupUnknown(_)), "{error}");
            let named = |o: &mut PrivilegeOptions| {
                (o.user, o.group) = (Some(number.into()), Some(number.into()));
            };
            let found = resolve(named).unwrap().unwrap();
            assert_eq!(found.groups, Some(vec![Gid::from_raw(4_000_000_000)]));
            let without = |o: &mut PrivilegeOptions| {
                named(o);
                o.no_initgroups = true;
                o.further_groups = vec!["9".into(), "8".into(), "9".into()];
            };
            assert_eq!(resolve(without).unwrap().unwrap().groups, Some([8, 9].map(Gid::from_raw).into()));
            return;
        }
        let same = resolve(|o| (o.user, o.group) = (Some(user.to_string()), Some(group.to_string())));
        assert!(same.unwrap().is_none());
        let refused = [
            resolve(|o| o.user = Some("0".into())),
            resolve(|o| o.group = Some("0".into())),
            resolve(|o| o.further_groups = vec!["0".into()]),
            resolve(|o| o.chroot = Some("/".into())),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(PrivilegeError::NotRoot { .. })), "{refused:?}");
        }
    }
}
