//! What is served under one name, or several.

use std::path::PathBuf;
use std::time::Duration;

use super::{AccessConfig, CompressionConfig, Limits, UpstreamConfig};
use crate::serve::field_name::{AddedField, CollectedField, RemovedField};
use crate::serve::file_options::FileOptions;
use crate::serve::mount::{MountChoice, MountPoint, MountedApplication};
use crate::serve::rules::Rule;
use crate::serve::worker::WorkerConfig;
use crate::tls::HostPattern;

/// A site: its applications, folders, upstreams, rules and header fields.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    /// Its names; none for the site that has every host which no other has.
    pub hosts: Vec<HostPattern>,
    /// The only one of them that is not redirected; `None` for all.
    pub canonical_host: Option<HostPattern>,
    /// How long browsers must use https (Strict-Transport-Security), in seconds.
    pub hsts_seconds: Option<u64>,
    /// SCRIPT_NAME for the application.
    pub script_name: ScriptName,
    /// Folders served below a path prefix (no trailing slash), without the application.
    pub folders: Vec<(String, PathBuf)>,
    /// Applications beside the one at the root.
    pub mounts: Vec<MountedApplication>,
    /// What chooses among those that have a path.
    pub mount_choice: MountChoice,
    /// Whether the first of them also takes what is for none, where nothing is at the root.
    pub default_mount: bool,
    /// Servers that answer below a path prefix.
    pub upstreams: Vec<UpstreamConfig>,
    /// Where those by FastCGI have their scripts, by the path of the upstream (no slash at its end).
    pub upstream_roots: Vec<(String, PathBuf)>,
    /// How long they may take to begin a response, and between two pieces of one.
    pub upstream_timeout: Duration,
    /// The file with the roots that verify those of https; `None` for the system's.
    pub upstream_ca: Option<PathBuf>,
    /// How files are served, and folders whose files come before the application.
    pub files: FileOptions,
    /// What a request must pass before its route.
    pub access: AccessConfig,
    /// Rules for requests and responses, in their order.
    pub rules: Vec<Rule>,
    /// Header fields for every response.
    pub added_fields: Vec<AddedField>,
    /// Header fields that no response keeps.
    pub removed_fields: Vec<RemovedField>,
    /// Header fields of responses that rules read as variables.
    pub collected_fields: Vec<CollectedField>,
    /// Path prefixes (no trailing slash) whose responses wait for their clients instead.
    pub unbuffered: Vec<String>,
    /// What it has of [`Limits`] for the bodies of requests; `None` for those of the server.
    pub limits: Option<Limits>,
    /// How responses are compressed.
    pub compression: CompressionConfig,
    /// What answers everything else.
    pub root: Root,
}

impl Default for SiteConfig {
    /// An empty page.
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            canonical_host: None,
            hsts_seconds: None,
            script_name: ScriptName::default(),
            folders: Vec::new(),
            mounts: Vec::new(),
            mount_choice: MountChoice::default(),
            default_mount: false,
            upstreams: Vec::new(),
            upstream_roots: Vec::new(),
            upstream_timeout: Duration::from_secs(60),
            upstream_ca: None,
            files: FileOptions::default(),
            access: AccessConfig::default(),
            rules: Vec::new(),
            added_fields: Vec::new(),
            removed_fields: Vec::new(),
            collected_fields: Vec::new(),
            unbuffered: Vec::new(),
            limits: None,
            compression: CompressionConfig::default(),
            root: Root::StartPage(String::new()),
        }
    }
}

impl SiteConfig {
    /// What it is called: its first name; empty for the site without names.
    pub fn name(&self) -> String {
        self.hosts.first().map(ToString::to_string).unwrap_or_default()
    }

    /// Every application with its mount point, which the one at the root has not.
    pub fn applications(&self) -> impl Iterator<Item = (Option<&MountPoint>, &WorkerConfig)> {
        let root = match &self.root {
            Root::Application(workers) => Some((None, workers.as_ref())),
            Root::Folder(_) | Root::NotFound | Root::StartPage(_) => None,
        };
        root.into_iter().chain(self.mounts.iter().map(|mount| (Some(&mount.at), &mount.workers)))
    }
}

/// What answers requests that no folder takes.
#[derive(Clone, Debug)]
pub enum Root {
    Application(Box<WorkerConfig>),
    /// The files of a folder.
    Folder(PathBuf),
    /// Nothing: status 404.
    NotFound,
    /// Nothing was found to serve: a page that says what to do next, as HTML.
    StartPage(String),
}

/// How SCRIPT_NAME is made.
#[derive(Clone, Debug, Default)]
pub struct ScriptName {
    /// Takes the place of whatever was sent. No trailing slash.
    pub forced: Option<String>,
    /// Gateway listeners: whether SCRIPT_NAME is to be taken off PATH_INFO.
    pub manage: bool,
}
