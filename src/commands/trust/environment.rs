//! `certkit trust env`: variables for programs that do not ask the stores.

use std::path::PathBuf;

use super::anchor;
use crate::advice::trust::{
    bundle_not_written, java_not_covered, no_bundle, no_folder_for_bundle, variable_replaced,
};
use crate::cli::{ShellChoice, TrustEnvArgs};
use crate::commands::Result;
use crate::operands::ca_lookup::data_folder;
use crate::report::{Outcome, Report, TrustEnvironment, TrustVariable};
use crate::trust::{
    Action, Effect, Surroundings, Syntax, Variable, dockerfile, environment, lines, plain_file,
};

pub(super) fn run(args: &TrustEnvArgs) -> Result {
    let (file, anchor) = anchor(args.file.as_deref().or(args.ca.as_deref()), Action::Install)?;
    // Variables are read from other folders than this one.
    let path = std::fs::canonicalize(&file).unwrap_or_else(|_| PathBuf::from(&file));
    let (shell, syntax) = match args.shell {
        ShellChoice::Dockerfile => {
            let text = match data_folder() {
                Some(folder) => {
                    let path = plain_file(&anchor, &path, &folder.join("trust"))
                        .map_err(|error| bundle_not_written(&error))?;
                    dockerfile(&anchor, &path)
                }
                None => dockerfile(&anchor, &path),
            };
            let outcome =
                TrustEnvironment { shell: "dockerfile", file, variables: Vec::new(), text, status: 0 };
            return Ok(Report::new(Outcome::TrustEnvironment(outcome)));
        }
        ShellChoice::Dotenv => ("dotenv", Syntax::Dotenv),
        ShellChoice::Fish => ("fish", Syntax::Fish),
        ShellChoice::PowerShell => ("powershell", Syntax::PowerShell),
        ShellChoice::Sh => ("sh", Syntax::Sh),
    };
    let folder = data_folder().ok_or_else(no_folder_for_bundle)?.join("trust");
    let surroundings = Surroundings::from_environment(args.root.as_deref());
    // Variables of this system do not name files of another one.
    let is_here = surroundings.root.is_none();
    let present = |name: &str| std::env::var(name).ok().filter(|_| is_here);
    let made = environment(&anchor, &path, &surroundings, &present, &folder)
        .map_err(|error| bundle_not_written(&error))?;
    let variables: Vec<_> = made
        .variables
        .into_iter()
        .map(|variable| {
            // A file of variables is read elsewhere, where other options may be set.
            let present = (syntax != Syntax::Dotenv).then(|| std::env::var(variable.name).ok()).flatten();
            variable.keeping(present.as_deref())
        })
        .collect();
    let text = lines(&variables, syntax);
    let variables = variables.into_iter().map(reported).collect();
    let mut findings: Vec<_> = made.java.as_ref().err().map(java_not_covered).into_iter().collect();
    if made.bundle.is_none() {
        findings.push(no_bundle());
    }
    let status = if findings.is_empty() { 0 } else { 2 };
    findings.extend(made.replaced.iter().map(|(name, value)| variable_replaced(name, value)));
    let outcome = TrustEnvironment { shell, file, variables, text, status };
    Ok(Report { outcome: Outcome::TrustEnvironment(outcome), findings, next: Vec::new() })
}

fn reported(variable: Variable) -> TrustVariable {
    let Variable { name, value, effect, read_by } = variable;
    let effect = match effect {
        Effect::Adds => "adds",
        Effect::Replaces => "replaces",
    };
    TrustVariable { name, value, effect, read_by }
}
