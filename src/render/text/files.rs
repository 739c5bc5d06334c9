//! Files that were written.

use std::io::{self, Write};

use super::style::{BOLD, DIM, GREEN, printable};
use super::wrap::Width;
use crate::report::{CertificateSummary, CheckedCertificate, CheckedState, Created};
use crate::sys::clock::{date, expiry};

/// A column of paths wider than this leaves no room for what the files are.
const WIDEST_PATH: usize = 40;

pub(super) fn write_created(out: &mut impl Write, created: &Created, width: Width) -> io::Result<()> {
    let column =
        created.files.iter().map(|file| file.path.chars().count()).max().unwrap_or(0).min(WIDEST_PATH);
    for file in &created.files {
        let path = printable(&file.path);
        let start = path.chars().count().max(column) + 4;
        let description = width.wrap(&file.description, start, column + 4);
        writeln!(out, "{GREEN}✓{GREEN:#} {BOLD}{path:column$}{BOLD:#}  {description}")?;
    }
    if let Some(renewal) = created.renewal.as_ref().filter(|renewal| renewal.is_dry_run) {
        renewal.certificates.iter().try_for_each(|one| write_planned(out, one))?;
    }
    if let Some(certificate) = &created.certificate {
        let signed = if certificate.subject == certificate.issuer {
            "self-signed".to_owned()
        } else {
            format!("signed by {}", issuer_label(certificate))
        };
        let end = expiry(certificate.not_before, certificate.not_after);
        let facts =
            format!("{}, {}, valid until {end}, {signed}", certificate.label, certificate.key.description);
        // Below a file it is a detail; alone it is the first line.
        let indent = if created.files.is_empty() { 0 } else { 2 };
        writeln!(out, "{:indent$}{DIM}{}{DIM:#}", "", width.wrap(&facts, indent, indent + 2))?;
    }
    Ok(())
}

/// A line of `renew --dry-run`.
fn write_planned(out: &mut impl Write, one: &CheckedCertificate) -> io::Result<()> {
    let file = printable(&one.file);
    let (end, due) = (date(one.not_after), date(one.due_at));
    if one.state == CheckedState::NotDue {
        return writeln!(out, "{BOLD}{file}{BOLD:#}  not due before {due}; valid until {end}");
    }
    let others: Vec<_> = one.files.iter().skip(1).map(|file| printable(file)).collect();
    let with = if others.is_empty() { String::new() } else { format!(", with {}", others.join(", ")) };
    let left: Vec<_> = one.left.iter().map(|file| printable(file)).collect();
    let left = if left.is_empty() { String::new() } else { format!(", but not {}", left.join(", ")) };
    writeln!(out, "{BOLD}{file}{BOLD:#}  would be renewed{with}{left}; valid until {end}")
}

/// The issuer's common name, else all of its name.
fn issuer_label(certificate: &CertificateSummary) -> &str {
    certificate.issuer.split(", ").find_map(|part| part.strip_prefix("CN=")).unwrap_or(&certificate.issuer)
}
