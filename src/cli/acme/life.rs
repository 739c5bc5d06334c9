//! Options for the life of a certificate beside its orders.

use clap::Args;
use clap::builder::BoolishValueParser;

/// Commands around an order, and the key from one renewal to the next.
#[derive(Args, Debug, Default)]
pub struct LifeArgs {
    /// Run this shell command before each order; nothing is ordered if it fails
    #[arg(long, value_name = "CMD", help_heading = "Hooks and key")]
    pub pre_hook: Option<String>,
    /// Run this shell command after each order, also after one that failed
    #[arg(long, value_name = "CMD", help_heading = "Hooks and key")]
    pub post_hook: Option<String>,
    /// Run this shell command, once a day, while renewals fail and a tenth of the certificate's life is left. It gets
    /// CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_NOT_AFTER, CERTKIT_HOURS_LEFT and CERTKIT_FAILURES
    #[arg(long, value_name = "CMD", help_heading = "Hooks and key")]
    pub failure_hook: Option<String>,
    /// Keep the key at each renewal, for TLSA records or pins that name it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), help_heading = "Hooks and key")]
    pub reuse_key: Option<bool>,
    /// Make the key of the next renewal now, so that TLSA records can name it before; certkit prints them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), conflicts_with = "reuse_key", help_heading = "Hooks and key")]
    pub prepare_key: Option<bool>,
}
