//! A command line that was not understood.

use crate::finding::{Code, Finding};
use crate::report::{Failure, Report};

/// The report of what clap says of `command` (as `acme obtain`): `error: ...`, perhaps `tip: ...`, then the usage.
pub fn report(command: &str, said: &str) -> Report {
    let paragraph = |start: &str| {
        said.split("\n\n").map(str::trim).find_map(|text| text.strip_prefix(start)).map(str::to_owned)
    };
    let message = paragraph("error: ").unwrap_or_else(|| said.trim().to_owned());
    let fix = paragraph("tip: ").unwrap_or_else(|| {
        let words = ["certkit", command, "--help"].map(str::trim).join(" ");
        format!("Run `{}` to see how it is used.", words.replace("  ", " "))
    });
    Failure::new(Finding::error(Code::InvalidSetting, message).fix(fix)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tip_is_the_fix() {
        let report = report(
            "check",
            "error: unexpected argument '-x' found\n\n  tip: a similar one\n\nUsage: certkit\n",
        );
        let finding = &report.findings[0];
        assert_eq!(finding.message, "unexpected argument '-x' found");
        assert_eq!(finding.fix.as_deref(), Some("a similar one"));
        assert_eq!(report.exit_status(), 2);
    }
}
