//! A site and its routes: who answers which path, and within which limits.

use std::sync::Arc;

use http::HeaderValue;

use crate::protocol::cgi_vars;
use crate::serve::config::Limits;
use crate::serve::response::static_files::Folder;

/// What is served under one name, or several.
#[derive(Debug)]
pub(in crate::serve) struct Site {
    /// The value of Strict-Transport-Security.
    pub(in crate::serve) hsts: Option<HeaderValue>,
    /// The longest prefix first.
    routes: Vec<Route>,
    /// Takes what no other route does.
    root: Route,
}

/// The requests for a path and everything below it.
#[derive(Debug)]
pub(in crate::serve) struct Route {
    /// Without a slash at its end; empty for the root.
    prefix: String,
    pub(in crate::serve) limits: Limits,
    pub(in crate::serve) target: RouteTarget,
}

/// Who answers.
#[derive(Debug)]
pub(in crate::serve) enum RouteTarget {
    Application {
        id: AppId,
        /// Takes the place of a SCRIPT_NAME that was sent.
        script_name: Option<String>,
    },
    Folder(Arc<Folder>),
    Page(String),
}

/// An application of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct AppId(pub(super) usize);

impl Route {
    /// A route for `prefix`; a slash at its end is dropped.
    pub(in crate::serve) fn new(prefix: &str, limits: Limits, target: RouteTarget) -> Self {
        Self { prefix: prefix.strip_suffix('/').unwrap_or(prefix).to_owned(), limits, target }
    }
}

impl Site {
    pub(in crate::serve) fn new(hsts: Option<HeaderValue>, mut routes: Vec<Route>, root: Route) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Self { hsts, routes, root }
    }

    /// The route of a path, and the path below its prefix: it begins with a slash, or is empty for the prefix
    /// itself.
    pub(in crate::serve) fn route<'p>(&self, path: &'p [u8]) -> (&Route, &'p [u8]) {
        for route in &self.routes {
            if let Some(below) = cgi_vars::below(route.prefix.as_bytes(), path) {
                return (route, below);
            }
        }
        (&self.root, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_answers() {
        let route = |prefix: &str| {
            Route::new(prefix, Limits::default(), RouteTarget::Page(prefix.trim_end_matches('/').to_owned()))
        };
        let site = Site::new(None, ["/a", "/a/b/", "/c"].map(route).into(), route("/"));
        for (path, prefix, below) in [
            ("/", "", "/"),
            ("/a", "/a", ""),
            ("/a/", "/a", "/"),
            ("/a/b", "/a/b", ""),
            ("/a/b/c", "/a/b", "/c"),
            ("/a/bc", "/a", "/bc"),
            ("/ab", "", "/ab"),
            ("*", "", "*"),
        ] {
            let (route, rest) = site.route(path.as_bytes());
            let RouteTarget::Page(page) = &route.target else { panic!("{path}") };
            assert_eq!((page.as_str(), rest), (prefix, below.as_bytes()), "{path}");
        }
    }
}
