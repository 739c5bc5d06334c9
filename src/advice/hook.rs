//! A deploy hook that failed.

use crate::finding::{Code, Finding};
use crate::sys::hook::HookRun;

/// Why the hook failed and the end of its output; `None` when the hook succeeded.
pub fn failed(run: &HookRun, fix: &str) -> Option<Finding> {
    let HookRun { command, failure, output } = run;
    let mut message =
        format!("the new certificate is in place, but the deploy hook `{command}` {}", failure.as_ref()?);
    for line in output.lines() {
        message.push_str("\n| ");
        message.push_str(line);
    }
    Some(Finding::error(Code::HookFailed, message).fix(fix))
}
