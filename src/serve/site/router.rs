//! Who answers which path: folders by their prefix, the root everything else.

use std::sync::Arc;

use crate::protocol::cgi_vars;
use crate::serve::response::static_files::Folder;

/// The routes of a server.
#[derive(Debug)]
pub(in crate::serve) struct Router {
    folders: Vec<(String, Arc<Folder>)>,
    default: DefaultRoute,
}

/// An application of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct AppId(pub(super) usize);

/// What answers where no folder does.
#[derive(Debug)]
pub(in crate::serve) enum DefaultRoute {
    Application(AppId),
    Folder(Arc<Folder>),
    Page(String),
}

/// Who answers a request.
#[derive(Debug)]
pub(in crate::serve) enum RouteTarget<'a> {
    Application(AppId),
    Folder {
        folder: &'a Folder,
        /// The path below the folder's prefix, beginning with a slash, or empty for the prefix
        /// itself.
        path: &'a [u8],
    },
    Page(&'a str),
}

impl Router {
    /// Routes to folders below prefixes without trailing slash, and to the root.
    pub(in crate::serve) fn new(mut folders: Vec<(String, Arc<Folder>)>, default: DefaultRoute) -> Self {
        folders.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self { folders, default }
    }

    /// Who answers a path (decoded).
    pub(in crate::serve) fn route<'a>(&'a self, path: &'a [u8]) -> RouteTarget<'a> {
        for (prefix, folder) in &self.folders {
            if let Some(path) = cgi_vars::below(prefix.as_bytes(), path) {
                return RouteTarget::Folder { folder, path };
            }
        }
        match &self.default {
            DefaultRoute::Application(id) => RouteTarget::Application(*id),
            DefaultRoute::Folder(folder) => RouteTarget::Folder { folder, path },
            DefaultRoute::Page(html) => RouteTarget::Page(html),
        }
    }
}
