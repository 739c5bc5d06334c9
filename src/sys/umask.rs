//! The umask of this process, without changing it.

/// What most systems start programs with.
const USUAL: u32 = 0o022;

/// The permission bits that new files do not get. umask(2) can only be read by setting it, which other threads would
/// notice; Linux tells it in proc(5) too. Elsewhere it is taken for the usual one.
pub fn of_this_process() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn new_files_lack_its_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o666 & !of_this_process());
    }
}
