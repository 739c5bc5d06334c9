//! Names that were typed: what they became, and which of them clients refuse.

use crate::ca::NameRemark;
use crate::finding::{Code, Finding};
use crate::sys::shell::shell_word;

/// What a request asks for and does not get; `can_be_client` where another profile would grant one of them.
pub fn omitted_extensions(omitted: &[String], can_be_client: bool) -> Option<Finding> {
    if omitted.is_empty() {
        return None;
    }
    let message = format!(
        "omitted: the request also asks for {}; names and key are taken from a request, all else is certkit's",
        omitted.join(", ")
    );
    let finding = Finding::note(Code::LeftOut, message);
    Some(if can_be_client {
        finding.fix("Sign it with --profile client if it is for a client.")
    } else {
        finding
    })
}

/// A URL or port that was left out, or a wildcard that clients refuse.
pub fn remark(remark: &NameRemark) -> Finding {
    let message = remark.to_string();
    match remark {
        NameRemark::Host { typed, .. } if typed.contains("://") => Finding::note(Code::InvalidName, message)
            .fix(format!("If the URI itself is meant, type {}.", shell_word(&format!("URI:{typed}")))),
        NameRemark::Host { .. } => Finding::note(Code::InvalidName, message),
        NameRemark::OneLabelWildcard(name) | NameRemark::SuffixWildcard(name) => {
            let parent = name.trim_start_matches("*.");
            Finding::warning(Code::PublicSuffix, message).fix(format!(
                "Use a wildcard one level below, such as '*.mysite.{parent}', or name each host."
            ))
        }
    }
}

/// Chrome's Root Program Policy 1.6 wants hierarchies of public CAs that are for server authentication alone. It does
/// not bind a CA of one's own.
pub fn for_both() -> Finding {
    let message = "the certificate is for both server and client; Chrome's root policy wants public CAs to keep the two apart";
    Finding::note(Code::WrongUsage, message)
}
