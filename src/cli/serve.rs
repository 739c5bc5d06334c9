//! `certkit serve`.

use clap::Args;

/// Serve a Python web application on https.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// pkg.mod[:callable] or path.py[:callable]
    #[arg(value_name = "APP")]
    pub app: Option<String>,
}
