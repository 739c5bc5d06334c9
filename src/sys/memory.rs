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
