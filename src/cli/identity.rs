//! Whom a certificate of `certkit mkcert` is for.

use clap::Args;

/// Who is certified, beyond names and `--client`.
#[derive(Args, Debug)]
pub struct IdentityArgs {
    /// With --client: one certificate for servers and clients, as the members of a cluster use it
    #[arg(long, requires = "client")]
    pub server: bool,
    /// The whole subject, such as 'C=DE,O=Our team'; without a CN the first NAME is used
    #[arg(long, value_name = "DN", conflicts_with = "from")]
    pub subject: Option<String>,
    /// With --p12: encrypt it with triple DES and SHA-1, for old versions of Windows, macOS and Java
    #[arg(long, requires = "p12")]
    pub legacy: bool,
}
