//! What a running server can be told to do.

/// A command, from a signal, a named pipe, or a file that was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Load settings, code, folders and certificates again.
    Reload,
    /// Open the log files again: they may have been moved away.
    ReopenLogs,
    /// Move the log files away, and begin new ones.
    RotateLogs,
    /// Let running requests finish, and end.
    Stop,
    /// End at once.
    StopNow,
    /// One worker more.
    AddWorker,
    /// One worker fewer; the last one stays.
    RemoveWorker,
}
