//! The memory of processes, as the system counts it.

use std::fs;

/// Bytes of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessMemory {
    pub(super) resident: u64,
    pub(super) address_space: u64,
}

/// The memory of a process (proc_pid_status(5)); `None` if it is gone, or /proc is out of reach.
pub(super) fn of_process(pid: u32) -> Option<ProcessMemory> {
    parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse(status: &str) -> Option<ProcessMemory> {
    let field = |name: &str| -> Option<u64> {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.saturating_mul(1024))
    };
    Some(ProcessMemory { resident: field("VmRSS:")?, address_space: field("VmSize:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_none() {
        let memory = of_process(std::process::id()).unwrap();
        assert!(memory.address_space >= memory.resident && memory.resident > 100 * 1024, "{memory:?}");
        assert_eq!(of_process(0), None);
        let text = "Name:\tx\nVmSize:\t  20 kB\nVmRSS:\t  10 kB\n";
        assert_eq!(parse(text), Some(ProcessMemory { resident: 10 * 1024, address_space: 20 * 1024 }));
        // A process that has ended and is not reaped has no memory.
        assert_eq!(parse("Name:\tx\n"), None);
    }
}
