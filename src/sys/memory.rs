//! The memory that this process holds.

/// Gives memory that is free to the system. glibc does so by itself only at the top of its heap, and
/// one small block there keeps everything below. Other threads that allocate wait meanwhile, some
/// milliseconds for each hundred MiB.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no crate has a safe function for it")]
    // SAFETY: malloc_trim(3) takes no pointer, touches free memory only, and may be called by any
    // thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Keeps the TLS keys in this process: other processes of the same user, such as the application,
/// cannot read its memory (`/proc/PID/mem`), and there is no core dump (prctl(2),
/// `PR_SET_DUMPABLE`). The workers are programs of their own and not affected. To be repeated after
/// setuid(2), which sets the attribute to what the system has in fs.suid_dumpable.
///
/// # Errors
/// What the system says.
pub fn keep_private() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn the_memory_is_private() {
        super::keep_private().unwrap();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
