//! What a front sends to its keeper, as bytes. One message is one packet; numbers are little-endian.
//!
//! ```text
//! grant      'G'  how (u8: 0 read, 1 log, 2 log with a backup, 3 remove)  length (u16)  path  backup
//! sealed     'S'
//! read       'R'  grant (u16)
//! append     'A'  grant (u16)
//! move away  'M'  grant (u16)
//! remove     'U'  grant (u16)  device (u64)  inode (u64)
//! ```
//!
//! Grants are counted from 0 and are not answered. Everything else is answered by an error number (i32, 0 for
//! success), with a descriptor if one was asked for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::sys::opener::FileIdentity;

/// Bytes of the longest message: two paths (PATH_MAX, limits.h), and what is before them.
pub const LONGEST: usize = 2 * 4096 + 16;

/// What a keeper may do with one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Absolute.
    pub path: PathBuf,
    pub access: Access,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Open it for reading.
    Read,
    /// Open it for appending, and move it away.
    Log { backup: Option<PathBuf> },
    /// Remove it.
    Remove,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Grant(Grant),
    /// There are no further grants.
    Sealed,
    Read(u16),
    Append(u16),
    MoveAway(u16),
    Remove(u16, FileIdentity),
}

impl Message {
    /// The bytes; `None` when a path is too long for any file.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let numbered = |letter: u8, grant: u16| [&[letter][..], &grant.to_le_bytes()].concat();
        let bytes = match self {
            Self::Grant(Grant { path, access }) => {
                let none = Path::new("");
                let (how, backup) = match access {
                    Access::Read => (0, none),
                    Access::Log { backup: None } => (1, none),
                    Access::Log { backup: Some(backup) } => (2, backup.as_path()),
                    Access::Remove => (3, none),
                };
                let path = path.as_os_str().as_bytes();
                let length = u16::try_from(path.len()).ok()?;
                [b"G", &[how][..], &length.to_le_bytes(), path, backup.as_os_str().as_bytes()].concat()
            }
            Self::Sealed => b"S".to_vec(),
            Self::Read(grant) => numbered(b'R', *grant),
            Self::Append(grant) => numbered(b'A', *grant),
            Self::MoveAway(grant) => numbered(b'M', *grant),
            Self::Remove(grant, FileIdentity { device, inode }) => {
                [numbered(b'U', *grant), device.to_le_bytes().into(), inode.to_le_bytes().into()].concat()
            }
        };
        (bytes.len() <= LONGEST).then_some(bytes)
    }

    /// The message that these bytes are; `None` for any other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (letter, rest) = bytes.split_first()?;
        let number = || rest.try_into().ok().map(u16::from_le_bytes);
        match letter {
            b'G' => grant(rest).map(Self::Grant),
            b'S' => rest.is_empty().then_some(Self::Sealed),
            b'R' => number().map(Self::Read),
            b'A' => number().map(Self::Append),
            b'M' => number().map(Self::MoveAway),
            b'U' => {
                let (grant, rest) = rest.split_first_chunk()?;
                let (device, rest) = rest.split_first_chunk()?;
                let (device, inode) =
                    (u64::from_le_bytes(*device), u64::from_le_bytes(rest.try_into().ok()?));
                Some(Self::Remove(u16::from_le_bytes(*grant), FileIdentity { device, inode }))
            }
            _ => None,
        }
    }
}

fn grant(bytes: &[u8]) -> Option<Grant> {
    let (how, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (path, backup) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    let absolute = |bytes: &[u8]| {
        // No path that the system knows has a NUL byte.
        let path = Path::new(OsStr::from_bytes(bytes));
        (path.is_absolute() && !bytes.contains(&0)).then(|| path.to_owned())
    };
    let access = match (how, backup) {
        (0, b"") => Access::Read,
        (1, b"") => Access::Log { backup: None },
        (2, backup) => Access::Log { backup: Some(absolute(backup)?) },
        (3, b"") => Access::Remove,
        _ => return None,
    };
    Some(Grant { path: absolute(path)?, access })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path() -> impl Strategy<Value = PathBuf> {
        proptest::collection::vec(1u8..=255, 0..50)
            .prop_map(|bytes| Path::new("/").join(OsStr::from_bytes(&[b"x", &bytes[..]].concat())))
    }

    fn message() -> impl Strategy<Value = Message> {
        let access = prop_oneof![
            Just(Access::Read),
            proptest::option::of(path()).prop_map(|backup| Access::Log { backup }),
            Just(Access::Remove)
        ];
        prop_oneof![
            (path(), access).prop_map(|(path, access)| Message::Grant(Grant { path, access })),
            Just(Message::Sealed),
            any::<u16>().prop_map(Message::Read),
            any::<u16>().prop_map(Message::Append),
            any::<u16>().prop_map(Message::MoveAway),
            any::<(u16, u64, u64)>().prop_map(|(grant, device, inode)| {
                Message::Remove(grant, FileIdentity { device, inode })
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(message in message()) {
            let bytes = message.encode().unwrap();
            prop_assert_eq!(Message::decode(&bytes), Some(message));
            // Neither less nor more.
            prop_assert_ne!(Message::decode(&bytes[..bytes.len() - 1]).and_then(|one| one.encode()), Some(bytes));
        }

        #[test]
        fn any_bytes_are_one_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), Some(bytes));
            }
        }
    }

    #[test]
    fn what_no_front_sends() {
        for bytes in [
            &b""[..],
            b"S ",
            b"R\0",
            b"R\0\0\0",
            b"X\0\0",
            b"U\0\0",
            b"G\0\x02\0/",
            b"G\0\x01\0/x",
            b"G\0\x01\0x",
            b"G\x02\x01\0/",
            b"G\x02\x01\0/x",
            b"G\0\x03\0/\0x",
            b"G\x04\x01\0/",
        ] {
            assert_eq!(Message::decode(bytes), None, "{bytes:?}");
        }
        let long = Grant { path: format!("/{}", "x".repeat(70_000)).into(), access: Access::Read };
        assert_eq!(Message::Grant(long).encode(), None);
    }
}
