//! What cannot be had as it was wished for, in words: profiles, limits, groups, accounts.

use super::failure::{TRY_LATER, minute};
use crate::acme::Error;
use crate::finding::{Code, Finding};
use crate::report::Failure;

/// What stands in the way, with its mend and the right status.
pub(super) fn failure(error: &Error) -> Failure {
    let setting = |message: String| Finding::error(Code::InvalidSetting, message);
    let finding = match error {
        Error::Exhausted(exhausted) => {
            let message = format!("{}; servers refuse more", exhausted.reason);
            let fix = format!(
                "run it again after {}, or with --force if you know that the server still lets you",
                minute(exhausted.until)
            );
            return Failure::new(Finding::error(Code::TryLater, message).fix(fix)).status(TRY_LATER);
        }
        Error::ExternalAccountNeeded { server } => {
            setting(format!("{server} takes new accounts only from those who have one by other means"))
                .fix("get one at its site and give it as --eab-kid KID --eab-hmac-file FILE")
        }
        Error::GroupNotOurs(group) => Finding::error(
            Code::Permission,
            format!("the key cannot be given to the group {group}, of which this user is no member"),
        )
        .fix(format!("run it as root, or make the user a member: usermod -aG {group} USER")),
        Error::NoAccount { server: Some(server) } => {
            Finding::error(Code::NotFound, format!("there is no account at {server} in the state directory"))
                .fix(
                    "see `certkit acme list` for the servers, or choose another state directory: --state DIR",
                )
        }
        Error::NoAccount { server: None } => {
            Finding::error(Code::NotFound, "there is no account in the state directory").fix(
                "the first `certkit acme obtain` makes one; or choose another state directory: --state DIR",
            )
        }
        Error::NoCertificate { name } => Finding::error(
            Code::NotFound,
            format!("there is no certificate of {name} in the state directory"),
        )
        .fix("`certkit acme list` shows what there is; certificates go by their first name"),
        Error::NotOffered { what, server } => {
            let message = format!("{server} does not offer {what}");
            return Failure::new(Finding::error(Code::AcmeFailed, message)).status(1);
        }
        Error::SeveralAccounts(servers) => setting("there are accounts at several servers".to_owned())
            .fix(format!("choose one: --server {}", servers.join(", --server "))),
        Error::TooManyNames { count, most, profile } => {
            let kind = match profile {
                Some(profile) => format!("a certificate of the profile {profile}"),
                None => "a certificate".to_owned(),
            };
            setting(format!("{count} names were given, and {kind} has {most} at most; nothing was ordered"))
                .fix("spread the names over several certificates")
        }
        Error::UnknownProfile { wanted, offered } if offered.is_empty() => {
            setting(format!("the server offers no profiles, and so not {wanted:?}; nothing was ordered"))
                .fix("leave --profile out")
        }
        Error::UnknownProfile { wanted, offered } => {
            let mut message =
                format!("the server offers no profile {wanted:?}; nothing was ordered. There are:");
            for (name, description) in offered {
                message.push_str(&format!("\n{name}: {description}"));
            }
            setting(message).fix("take one of them, or leave --profile out")
        }
        error => Finding::error(Code::AcmeFailed, error.to_string()),
    };
    Failure::new(finding)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::acme::storage::Exhausted;

    #[test]
    fn profiles_on_offer_are_named() {
        let offered = vec![("classic".to_owned(), "90 days".to_owned())];
        let failure = failure(&Error::UnknownProfile { wanted: "clasic".into(), offered });
        assert_eq!(failure.status, 2);
        assert!(failure.findings[0].message.contains("classic: 90 days"));
    }

    #[test]
    fn a_used_up_limit_is_for_later() {
        let exhausted = Exhausted { reason: "four".into(), until: datetime!(2026-11-20 12:00 UTC) };
        let failure = failure(&Error::Exhausted(exhausted));
        assert_eq!(failure.status, 75);
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("2026-11-20 12:00:00 UTC"));
    }
}
