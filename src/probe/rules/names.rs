//! What clients get that do not call the server by its name.

use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::Unnamed;

const OTHER: ServerDiagnostic = ServerDiagnostic::note(Code::DefaultCertificate);

/// RFC 6066 section 3.
pub(super) const DEFAULT_CERTIFICATE: ServerRule = ServerRule { diagnostics: &[OTHER], judge };

fn judge(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let Some(Unnamed::Other(names)) = facts.survey.unnamed.as_ref().map(|answers| &answers.without) else {
        return Vec::new();
    };
    let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
    let message = format!(
        "a client that sends no name (SNI) gets another certificate, for {names}: clients without SNI refuse the \
         server, and everyone who asks its address learns that name"
    );
    let fix = "nginx: listen 443 ssl default_server; in the server block of this name, or ssl_reject_handshake on; in \
               the default one\nApache: make this <VirtualHost> the first one of its port\nhaproxy: put this certificate \
               first in the bind line";
    vec![OTHER.finding(message).fix(fix)]
}
