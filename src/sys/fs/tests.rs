//! Files made alone and in groups.

use super::*;

fn new_file(path: PathBuf, contents: &str, existing: Existing) -> NewFile {
    NewFile { path, contents: contents.into(), mode: PRIVATE, existing }
}

#[test]
fn all_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    let second = dir.path().join("second");
    fs::write(&second, "mine").unwrap();
    let files =
        [new_file(first.clone(), "a", Existing::Refuse), new_file(second.clone(), "b", Existing::Refuse)];
    assert!(matches!(create_all(&files), Err(Error::Exists(path)) if path == second));
    assert!(!first.exists());
    assert_eq!(fs::read(&second).unwrap(), b"mine");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_failure_at_the_second_takes_the_first_back() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    fs::write(&first, "old").unwrap();
    // The second place is a directory with something in it: it can be staged, not replaced.
    let second = dir.path().join("missing/second");
    let files = [new_file(first.clone(), "new", Existing::Replace), new_file(second, "b", Existing::Refuse)];
    assert!(create_all(&files).is_err());
    assert_eq!(fs::read(&first).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn modes_backups_and_identical_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    create_all(&[new_file(path.clone(), "one", Existing::Refuse)]).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    create_all(&[new_file(path.clone(), "one", Existing::Refuse)]).unwrap();
    create_all(&[new_file(path.clone(), "two", Existing::KeepBackup)]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::read(dir.path().join("key.bak")).unwrap(), b"one");
    create_all(&[new_file(path.clone(), "three", Existing::Replace)]).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn what_is_no_plain_file_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for existing in [Existing::Replace, Existing::KeepBackup] {
        let error = create_all(&[new_file(socket.clone(), "a", existing)]).unwrap_err();
        assert!(error.to_string().ends_with(NO_FILE), "{error}");
    }
    assert!(!fs::symlink_metadata(&socket).unwrap().is_file());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn reading_has_a_limit() {
    assert_eq!(read_limited_from(&b"abc"[..], 3).unwrap(), b"abc");
    assert_eq!(read_limited_from(&b"abcd"[..], 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(read_limited(Path::new("/"), 3).unwrap_err().kind(), io::ErrorKind::IsADirectory);
}
