//! One layer of settings: everything may be missing.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Deserialize;

use super::deserialize::{list, value};
use super::values::{AcmeMissing, Age, Mode, Mount, Size, Span, Variable};
use crate::serve::address::{Endpoint, ListenAddress};
use crate::serve::config::{AccessLogTarget, MinVersion};

/// What one source says about `serve`. The names are those of the options, and of the keys in
/// `certkit.toml`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PartialServe {
    #[serde(deserialize_with = "value")]
    pub app: Option<String>,
    #[serde(deserialize_with = "value")]
    pub wsgi_file: Option<PathBuf>,
    #[serde(deserialize_with = "value")]
    pub module: Option<String>,
    #[serde(deserialize_with = "value")]
    pub callable: Option<String>,
    #[serde(deserialize_with = "list")]
    pub listen: Option<Vec<ListenAddress>>,
    #[serde(deserialize_with = "value")]
    pub redirect_http: Option<Endpoint>,
    #[serde(deserialize_with = "value")]
    pub socket_mode: Option<Mode>,
    #[serde(deserialize_with = "value")]
    pub backlog: Option<u32>,
    #[serde(deserialize_with = "value")]
    pub max_connections: Option<NonZeroUsize>,
    #[serde(deserialize_with = "list")]
    pub cert: Option<Vec<PathBuf>>,
    #[serde(deserialize_with = "list")]
    pub key: Option<Vec<PathBuf>>,
    #[serde(deserialize_with = "list")]
    pub acme: Option<Vec<String>>,
    #[serde(deserialize_with = "value")]
    pub acme_server: Option<String>,
    #[serde(deserialize_with = "value")]
    pub acme_email: Option<String>,
    #[serde(deserialize_with = "value")]
    pub acme_ca_roots: Option<PathBuf>,
    #[serde(deserialize_with = "value")]
    pub acme_state: Option<PathBuf>,
    #[serde(deserialize_with = "value")]
    pub acme_missing: Option<AcmeMissing>,
    #[serde(deserialize_with = "value")]
    pub agree_tos: Option<bool>,
    #[serde(deserialize_with = "value")]
    pub tls_min: Option<MinVersion>,
    #[serde(deserialize_with = "value")]
    pub hsts: Option<Age>,
    #[serde(deserialize_with = "value")]
    pub workers: Option<NonZeroUsize>,
    #[serde(deserialize_with = "value")]
    pub threads: Option<NonZeroUsize>,
    #[serde(deserialize_with = "value")]
    pub python: Option<PathBuf>,
    #[serde(deserialize_with = "value")]
    pub virtualenv: Option<PathBuf>,
    #[serde(deserialize_with = "value")]
    pub chdir: Option<PathBuf>,
    #[serde(deserialize_with = "list")]
    pub pythonpath: Option<Vec<PathBuf>>,
    #[serde(deserialize_with = "list")]
    pub env: Option<Vec<Variable>>,
    #[serde(deserialize_with = "value")]
    pub graceful_timeout: Option<Span>,
    #[serde(deserialize_with = "value")]
    pub script_name: Option<String>,
    #[serde(deserialize_with = "value")]
    pub manage_script_name: Option<bool>,
    #[serde(rename = "static", deserialize_with = "list")]
    pub folders: Option<Vec<Mount>>,
    #[serde(deserialize_with = "value")]
    pub limit_post: Option<Size>,
    #[serde(deserialize_with = "value")]
    pub post_buffering: Option<Size>,
    #[serde(deserialize_with = "value")]
    pub header_timeout: Option<Span>,
    #[serde(deserialize_with = "value")]
    pub body_timeout: Option<Span>,
    #[serde(deserialize_with = "value")]
    pub keepalive: Option<Span>,
    #[serde(deserialize_with = "value")]
    pub access_log: Option<AccessLogTarget>,
}

impl PartialServe {
    /// Whether this layer names an application.
    pub fn names_application(&self) -> bool {
        self.app.is_some() || self.wsgi_file.is_some() || self.module.is_some()
    }
}
