//! `certkit acme dns-providers`: what the table says.

use super::failure;
use crate::acme::Error;
use crate::acme::challenge::{Provider, dns_provider, dns_providers};
use crate::cli::DnsProvidersArgs;
use crate::commands::{Context, Result};
use crate::report::{ListedProvider, Outcome, Report};

pub(super) fn run(args: &DnsProvidersArgs, context: &Context<'_>) -> Result {
    let providers = match &args.provider {
        None => dns_providers().iter().map(listed).collect(),
        Some(name) => {
            let provider = dns_provider(name).map_err(|error| failure(Error::Challenge(error), context))?;
            vec![listed(provider)]
        }
    };
    Ok(Report::new(Outcome::DnsProviders(providers)))
}

fn listed(provider: &Provider) -> ListedProvider {
    let names = |is_required| {
        let fields = provider.fields.iter().filter(move |field| field.is_required == is_required);
        fields.map(|field| field.name).collect()
    };
    ListedProvider {
        name: provider.name,
        title: provider.title,
        required: names(true),
        optional: names(false),
        documentation: provider.documentation,
    }
}
