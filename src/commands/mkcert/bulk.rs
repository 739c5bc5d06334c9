//! `certkit mkcert --from FILE`.

use crate::advice::ca::{bulk_failure, clamped, refused_by_browsers};
use crate::advice::names::remark;
use crate::ca::{BulkRequest, LeafProfile};
use crate::cli::MkcertArgs;
use crate::commands::{Context, Result};
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::ReadFiles;
use crate::report::{BulkCount, Created, CreatedFile, FileRole, Outcome, Report};
use crate::sys::fs::PUBLIC;
use crate::sys::shell::path_word;

/// Makes a certificate for each line of a file.
pub(super) fn run(args: &MkcertArgs, names: &str, profile: LeafProfile, context: &Context<'_>) -> Result {
    let ca = CaChoice::from(&args.ca).find()?;
    let request = BulkRequest {
        ca: &ca,
        names,
        folder: &args.output,
        profile,
        key_kind: args.key_kind,
        keep_fine: args.if_needed,
        replace: args.force,
        files: &ReadFiles,
        clock: context.clock,
        progress: &|progress| {
            let (done, total, rate) = (progress.done, progress.total, progress.per_second);
            context.console.progress(&format!("{done} of {total} certificates, {rate:.0} per second"));
        },
    };
    let issued = request.issue();
    context.console.progress("");
    let issued = issued.map_err(|error| bulk_failure(error, names))?;
    let what = match (issued.made, issued.bundle.is_some()) {
        (1, false) => "1 certificate and its key".to_owned(),
        (1, true) => "1 certificate with its key and its full chain".to_owned(),
        (made, false) => format!("{made} certificates and their keys"),
        (made, true) => format!("{made} certificates with their keys and full chains"),
    };
    let mut description = format!("{what}, in {:.1} s", issued.elapsed.as_secs_f64());
    if issued.kept > 0 {
        description.push_str(&format!("; {} need no renewal", issued.kept));
    }
    let folder = args.output.display().to_string();
    let mut files = vec![CreatedFile { path: folder, role: FileRole::Folder, mode: None, description }];
    files.extend(issued.bundle.map(|path| CreatedFile {
        path: path.display().to_string(),
        role: FileRole::Intermediates,
        mode: Some(PUBLIC),
        description: "the intermediates, for certkit merge".to_owned(),
    }));
    let count = BulkCount { made: issued.made, kept: issued.kept, duration: issued.elapsed };
    let mut report =
        Report::new(Outcome::Created(Created { files, bulk: Some(count), ..Created::default() }));
    report.findings.extend(refused_by_browsers(args.key_kind));
    report.findings.extend(issued.remarks.iter().map(remark));
    report.findings.extend(issued.clamped.map(|end| clamped(end, &ca.path)));
    report.next.push(format!("certkit show {}", path_word(&issued.first)));
    Ok(report)
}
