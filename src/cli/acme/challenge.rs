//! The options that choose how names are proven.

use std::path::PathBuf;

use clap::Args;

/// How to prove that the names are yours.
#[derive(Args, Debug, Default)]
#[group(multiple = false)]
pub struct ChallengeArgs {
    /// Answer http-01 with certkit's own server (default: port 80 on all addresses, IPv4 and IPv6)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":80", help_heading = "Challenge")]
    pub http: Option<String>,
    /// Answer http-01 with files below DIR, the root folder of a running web server
    #[arg(long, value_name = "DIR", help_heading = "Challenge")]
    pub webroot: Option<PathBuf>,
    /// Answer tls-alpn-01 with certkit's own TLS listener (default: port 443 on all addresses)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":443", help_heading = "Challenge")]
    pub tls_alpn: Option<String>,
    /// Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them
    #[arg(long, value_name = "PROVIDER", requires = "dns_credentials", help_heading = "Challenge")]
    pub dns: Option<String>,
    /// Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with
    /// a dot at its end. The record must be visible when present returns, within ten minutes. The
    /// program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as
    /// lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below
    #[arg(long, value_name = "CMD", help_heading = "Challenge")]
    pub dns_hook: Option<String>,
    /// Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below
    #[arg(long, value_name = "FILE", help_heading = "Challenge")]
    pub rfc2136: Option<PathBuf>,
    /// Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only
    /// read here, through RESOLVER (default: the system's). For servers that offer it
    #[arg(long, value_name = "RESOLVER", num_args = 0..=1, require_equals = true, default_missing_value = "system", help_heading = "Challenge")]
    pub dns_persist: Option<String>,
}
