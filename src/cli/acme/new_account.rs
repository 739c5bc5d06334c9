//! What a new account at an ACME server needs.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

/// What a new account needs.
#[derive(Args, Debug)]
pub struct NewAccountArgs {
    /// Agree to the server's terms of service, as a new account requires
    #[arg(long, env = "CERTKIT_AGREE_TOS", value_parser = FalseyValueParser::new(), help_heading = "Account")]
    pub agree_tos: bool,
    /// Mail address for the account
    #[arg(long, value_name = "ADDRESS", help_heading = "Account")]
    pub email: Option<String>,
    /// Key identifier of an external account, for servers that require one
    #[arg(long, value_name = "KID", requires = "eab_hmac_file", help_heading = "Account")]
    pub eab_kid: Option<String>,
    /// File with the secret of the external account, in base64url as the server shows it
    #[arg(long, value_name = "FILE", requires = "eab_kid", help_heading = "Account")]
    pub eab_hmac_file: Option<PathBuf>,
}
