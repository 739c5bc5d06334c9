//! What all requests and responses of a site pass, whatever their route.

use std::sync::Arc;

use http::HeaderValue;

use super::access::SiteAccess;
use super::rules::SiteRules;
use crate::protocol::cgi_vars;
use crate::serve::field_name::CollectedField;
use crate::serve::request::Request;
use crate::serve::response::compression::Compression;
use crate::serve::response::error_pages::ErrorPages;
use crate::serve::response::headers::FieldEdits;
use crate::serve::response::static_files::Folder;
/// What all requests and responses of a site pass.
#[derive(Debug, Default)]
pub(in crate::serve) struct SiteEdge {
    /// Its first host; `None` for the default site.
    pub(in crate::serve) name: Option<Arc<str>>,
    /// Where its other hosts are redirected to.
    pub(in crate::serve) canonical_host: Option<String>,
    /// Gateway listeners: whether PATH_INFO still begins with SCRIPT_NAME.
    pub(in crate::serve) manages_script_name: bool,
    /// Below which paths bodies do not wait in the spool.
    pub(in crate::serve) unbuffered: Vec<String>,
    /// The value of Strict-Transport-Security.
    pub(in crate::serve) hsts: Option<HeaderValue>,
    /// What a request must pass before its route; `None` if nothing is asked.
    pub(in crate::serve) access: Option<Box<SiteAccess>>,
    /// How the server's own errors look.
    pub(in crate::serve) error_pages: ErrorPages,
    /// Whether responses get the fields that protect browsers.
    pub(in crate::serve) secure_headers: bool,
    pub(in crate::serve) rules: SiteRules,
    /// What every response has, and what none keeps.
    pub(in crate::serve) fields: FieldEdits,
    /// Fields of responses that rules read.
    pub(in crate::serve) collected: Vec<CollectedField>,
    /// Content codings of responses.
    pub(in crate::serve) compression: Compression,
    /// Folders before the application; the longest prefix first.
    pub(in crate::serve) tried: Vec<TriedRoute>,
}

/// A folder whose files come before the application.
#[derive(Debug)]
pub(in crate::serve) struct TriedRoute {
    /// Without a slash at its end.
    pub(in crate::serve) prefix: String,
    pub(in crate::serve) keeps_prefix: bool,
    pub(in crate::serve) folder: Folder,
}

impl SiteEdge {
    /// The canonical host, if a request is for another one.
    pub(in crate::serve) fn elsewhere(&self, request: &Request) -> Option<&str> {
        let canonical = self.canonical_host.as_deref()?;
        let host = request.host_name();
        let host = host.strip_suffix(b".").unwrap_or(host);
        // `OPTIONS *` is for the whole server.
        let is_elsewhere =
            !host.eq_ignore_ascii_case(canonical.as_bytes()) && request.target.raw.starts_with(b"/");
        is_elsewhere.then_some(canonical)
    }

    /// Whether the bodies of this path wait for their clients.
    pub(in crate::serve) fn is_unbuffered(&self, path: &[u8]) -> bool {
        self.unbuffered.iter().any(|prefix| cgi_vars::below(prefix.as_bytes(), path).is_some())
    }
}
