//! Files that were written.

use std::io::{self, Write};

use super::style::{BOLD, DIM, GREEN, printable};
use crate::report::{CertificateSummary, Created};
use crate::sys::clock::date;

pub(super) fn write_created(out: &mut impl Write, created: &Created) -> io::Result<()> {
    let width = created.files.iter().map(|file| file.path.chars().count()).max().unwrap_or(0);
    for file in &created.files {
        let path = printable(&file.path);
        writeln!(out, "{GREEN}✓{GREEN:#} {BOLD}{path:width$}{BOLD:#}  {}", printable(&file.description))?;
    }
    if let Some(certificate) = &created.certificate {
        writeln!(
            out,
            "  {DIM}{}, {}, until {}, signed by {}{DIM:#}",
            printable(&certificate.label),
            certificate.key.description,
            date(certificate.not_after),
            printable(issuer_label(certificate))
        )?;
    }
    Ok(())
}

/// The issuer's common name, else all of its name.
fn issuer_label(certificate: &CertificateSummary) -> &str {
    certificate.issuer.split(", ").find_map(|part| part.strip_prefix("CN=")).unwrap_or(&certificate.issuer)
}
