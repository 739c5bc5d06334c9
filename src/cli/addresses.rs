//! The addresses that a new certificate names.

use clap::Args;

use crate::ca::{Addresses, http_address};

/// Where clients find what they need to judge the certificate.
#[derive(Args, Clone, Debug)]
pub struct AddressArgs {
    /// Address of the CA's revocation list, which the certificate then names; may be repeated
    #[arg(long, value_name = "URL", value_parser = http_address)]
    pub crl_url: Vec<String>,
    /// Address of the CA's certificate, for clients of servers that do not send it; may be repeated
    #[arg(long, value_name = "URL", value_parser = http_address)]
    pub issuer_url: Vec<String>,
}

impl From<&AddressArgs> for Addresses {
    fn from(args: &AddressArgs) -> Self {
        Self { crl: args.crl_url.clone(), issuer: args.issuer_url.clone() }
    }
}
