//! Which machine this is.

use std::fs;

/// Files with the identifier of this machine (machine-id(5)); the second is that of D-Bus, where there is no systemd.
pub const MACHINE_ID_FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// What tells this machine from others: its identifier, or where it has none its name. machine-id(5) asks that it be
/// hashed before others see it.
pub fn identity() -> String {
    MACHINE_ID_FILES.iter().find_map(|path| read(path)).unwrap_or_else(|| {
        String::from_utf8_lossy(rustix::system::uname().nodename().to_bytes()).into_owned()
    })
}

fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_stays_the_same() {
        assert!(!identity().is_empty());
        assert_eq!(identity(), identity());
    }
}
