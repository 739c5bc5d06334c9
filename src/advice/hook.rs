//! A hook that failed: one that deploys a certificate, or one of the server's life.

use crate::config::HookPhase;
use crate::finding::{Code, Finding};
use crate::report::Failure;
use crate::sys::hook::HookRun;
use crate::sys::hook_action::{ActionError, HookAction};

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

/// A hook around an order that failed, with the end of its output.
pub fn around_failed(run: &HookRun, mut finding: Finding) -> Finding {
    if let Some(failure) = &run.failure {
        finding.message.push_str(&format!(": it {failure}"));
    }
    for line in run.output.lines() {
        finding.message.push_str("\n| ");
        finding.message.push_str(line);
    }
    finding.fix("Run it by hand to see why; an empty --pre-hook or --post-hook removes it.")
}

/// A hook of `serve`, without which the server does not start.
pub fn at_phase_failed(action: &HookAction, phase: HookPhase, error: &ActionError) -> Failure {
    let message = format!("the hook `{action}` ({phase}) failed: {error}");
    let fix = "Run it by hand to see why, or remove it from the settings.";
    Finding::error(Code::HookFailed, message).fix(fix).into()
}
