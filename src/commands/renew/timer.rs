//! `certkit renew --install-timer`.

use std::path::Path;

use crate::advice::timer::nobody_to_ask;
use crate::ca::SigningCa;
use crate::cli::{RenewArgs, TimerForm};
use crate::commands::timer::Installation;
use crate::commands::{Context, Result};
use crate::container::Block;
use crate::operands::input::read_contents;
use crate::operands::password::Passwords;
use crate::sys::timer::{Job, Schedule, timer_path};

/// The unit of the first CA of a machine.
const UNIT: &str = "certkit-renew";

pub(super) fn install(args: &RenewArgs, form: TimerForm, ca: &SigningCa, context: &Context<'_>) -> Result {
    let key = ca.key_path();
    let (_, contents) = read_contents(&key.display().to_string(), &mut Passwords::unattended())?;
    let has_password = args.ca.password_file.as_deref().is_some_and(|file| file != Path::new("-"));
    if contents.blocks.iter().any(Block::is_encrypted_key) && !has_password {
        return Err(nobody_to_ask(key));
    }
    let words = words(args, ca)?;
    let installation = Installation {
        is_cron: form == TimerForm::Cron,
        root: args.timer.root.as_deref(),
        is_dry_run: args.dry_run,
        replaces: args.timer.force,
    };
    let path = timer_path(&ca.path)?;
    let folder = Path::new(&path).parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let job = Job {
        unit: &installation.own_unit(UNIT, &folder, ["--ca", &path])?,
        description: "Renew certificates of a CA of one's own that are due, and its revocation list",
        manual: "certkit-renew(1)",
        // Certificates may be valid for hours only.
        schedule: Schedule::Hourly,
        needs_network: false,
        on_failure: None,
        arguments: &words,
    };
    let left = installation.left(UNIT, "--ca")?;
    let mut report = installation.run(&job, "certkit renew", context)?;
    report.findings.extend(left);
    Ok(report)
}

/// The command line: what the user typed, with paths from the root on.
fn words(args: &RenewArgs, ca: &SigningCa) -> Result<Vec<String>> {
    let mut words = ["renew", "--quiet", "--crl"].map(str::to_owned).to_vec();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    option("--ca", Some(timer_path(&ca.path)?));
    option("--ca-key", Some(timer_path(ca.key_path())?));
    option("--password-file", args.ca.password_file.as_deref().map(timer_path).transpose()?);
    let ledger = args.ca.ledger.as_deref().map(|ledger| match ledger.to_str() {
        Some("none") => Ok("none".to_owned()),
        _ => timer_path(ledger),
    });
    option("--ledger", ledger.transpose()?);
    option("--key-password-file", args.key_password_file.as_deref().map(timer_path).transpose()?);
    option("--if-within", args.if_within.map(|left| left.to_string()));
    option("--deploy-hook", args.deploy_hook.clone());
    if args.rekey {
        words.push("--rekey".to_owned());
    }
    Ok(words)
}
