//! `certkit renew`.

use clap::Args;

use super::mkcert::CaArgs;

/// Renew certificates of your CA: the same names, the same key, a new validity of the same length.
///
/// Without FILE it looks at every certificate that the CA's ledger names and that is still in its place, and renews those
/// with a third of their time left. A certificate is replaced in one step, so that a server never reads half of it.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct RenewArgs {
    /// Certificates to renew
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Only those with no more than this left: a share of their time (33%) or a number of days (30d)
    #[arg(long, value_name = "LEFT", value_parser = left)]
    pub if_within: Option<Left>,
    /// Make new keys too; FILE.key beside FILE.crt is replaced and kept as .bak
    #[arg(long)]
    pub rekey: bool,
    /// Run this shell command after something was renewed. CERTKIT_RENEWED holds the files, one per line
    #[arg(long, visible_alias = "exec", value_name = "CMD")]
    pub deploy_hook: Option<String>,
    /// End with this status when something was renewed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub exit_code_if_renewed: u8,
    /// The CA that issued them.
    #[command(flatten)]
    pub ca: CaArgs,
}

/// How much of a certificate's time is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Days.
    Days(u32),
    /// A hundredth of its whole time.
    Percent(u32),
}

fn left(text: &str) -> Result<Left, String> {
    let number = |text: &str| text.parse::<u32>().ok();
    let left = if let Some(percent) = text.strip_suffix('%') {
        number(percent).filter(|percent| *percent <= 100).map(Left::Percent)
    } else {
        number(text.strip_suffix('d').unwrap_or(text)).filter(|days| *days <= 36500).map(Left::Days)
    };
    left.ok_or_else(|| "expected a share such as 33% or a number of days such as 30d".into())
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit renew server.crt                                      now
  certkit renew --deploy-hook 'systemctl reload nginx'          all that are due, for a timer
  certkit renew server.crt --if-within 30d --exit-code-if-renewed 10

EXIT STATUS
  0  renewed, or nothing was due (see --exit-code-if-renewed)
  2  a certificate could not be renewed; the others were
  3  renewed, but --deploy-hook failed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_days() {
        assert_eq!(left("33%"), Ok(Left::Percent(33)));
        assert_eq!(left("30d"), Ok(Left::Days(30)));
        assert_eq!(left("30"), Ok(Left::Days(30)));
        for bad in ["", "%", "101%", "-1d", "1h", "99999d"] {
            assert!(left(bad).is_err(), "{bad}");
        }
    }
}
