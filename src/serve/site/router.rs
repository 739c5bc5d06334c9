//! A site and its routes: who answers which path, and within which limits.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::edge::{SiteEdge, TriedRoute};
use crate::protocol::cgi_vars;
use crate::serve::config::{Limits, SiteConfig};
use crate::serve::mount::{MountChoice, MountPoint};
use crate::serve::request::Request;
use crate::serve::request::environ::ScriptNameRule;
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::static_files::{Folder, ScriptFolder};
use crate::serve::upstream::Upstream;

/// What is served under one name, or several.
#[derive(Debug)]
pub(in crate::serve) struct Site {
    pub(in crate::serve) edge: SiteEdge,
    /// The longest prefix first.
    routes: Vec<Route>,
    /// Takes what no other route does.
    root: Route,
    /// Takes the place of a SCRIPT_NAME that was sent. No slash at its end.
    forced: Option<String>,
    /// The applications that front servers can name.
    named: Vec<(String, RouteTarget)>,
    choice: MountChoice,
}

/// The requests for a path and everything below it.
#[derive(Debug)]
pub(in crate::serve) struct Route {
    /// Without a slash at its end; empty for the root.
    prefix: String,
    limits: Limits,
    target: RouteTarget,
    /// Of an upstream by FastCGI.
    scripts: Option<Box<Scripts>>,
    /// Of a mounted application: SCRIPT_NAME, if it is another than its prefix.
    script_name: Option<String>,
}

/// The scripts of an upstream.
#[derive(Debug)]
pub(in crate::serve) struct Scripts {
    pub(in crate::serve) folder: ScriptFolder,
    /// Whether they are looked for by what comes after the prefix of the route, not by the whole path.
    pub(in crate::serve) are_below: bool,
}

/// Who answers.
#[derive(Clone, Debug)]
pub(in crate::serve) enum RouteTarget {
    Application(AppId),
    Folder(Arc<Folder>),
    NotFound,
    Upstream(Arc<Upstream>),
    Page(String),
}

/// What a site has for a request.
#[derive(Debug)]
pub(in crate::serve) struct Routed<'s, 'r> {
    pub(in crate::serve) limits: &'s Limits,
    pub(in crate::serve) target: &'s RouteTarget,
    pub(in crate::serve) scripts: Option<&'s Scripts>,
    /// The path below the prefix of the route: it begins with a slash, or is empty for the prefix itself.
    pub(in crate::serve) below: &'r [u8],
    /// How an application gets the path.
    pub(in crate::serve) script_name: ScriptNameRule<'s>,
}

/// An application of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct AppId(pub(super) usize);

impl Route {
    /// A route for `prefix`; a slash at its end is dropped.
    pub(in crate::serve) fn new(prefix: &str, limits: Limits, target: RouteTarget) -> Self {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix).to_owned();
        Self { prefix, limits, target, scripts: None, script_name: None }
    }

    /// Where the server has its scripts.
    pub(in crate::serve) fn has_scripts(&mut self, scripts: Scripts) {
        self.scripts = Some(Box::new(scripts));
    }

    /// The path below the prefix.
    fn below<'p>(&self, path: &'p [u8]) -> Option<(&Self, &'p [u8])> {
        Some((self, cgi_vars::below(self.prefix.as_bytes(), path)?))
    }

    fn is_mount(&self) -> bool {
        matches!(self.target, RouteTarget::Application(_))
    }
}

impl Site {
    pub(in crate::serve) fn new(mut edge: SiteEdge, routes: Vec<Route>, root: Route) -> Self {
        edge.tried.sort_by_key(|tried| std::cmp::Reverse(tried.prefix.len()));
        let (forced, named, choice) = (None, Vec::new(), MountChoice::default());
        let mut site = Self { edge, routes, root, forced, named, choice };
        site.sort();
        site
    }

    /// The response with a file of a folder before the application, if there is one. As other folders, it is looked
    /// for by the whole path, and where a front server or a mount has cut a prefix off, by the rest.
    pub(in crate::serve) async fn tried_file(&self, request: &Request) -> Option<Response<OutgoingBody>> {
        let path_info = self.is_cut(request).then(|| self.split(request).1);
        let paths = [Some(request.target.path.clone()), path_info];
        for path in paths.iter().flatten() {
            for TriedRoute { prefix, keeps_prefix, folder } in &self.edge.tried {
                if let Some(below) = cgi_vars::below(prefix.as_bytes(), path) {
                    let response = folder.try_answer(request, if *keeps_prefix { path } else { below }).await;
                    if response.is_some() {
                        return response;
                    }
                }
            }
        }
        None
    }

    /// Whether folders are looked for in a part of the path too.
    fn is_cut(&self, request: &Request) -> bool {
        !request.script_name.is_empty() || self.choice == MountChoice::PathInfo
    }

    /// Whether folders or applications may get to see another path than the one that was asked for.
    pub(super) fn cuts(&self, request: &Request) -> bool {
        self.is_cut(request) || self.forced.is_some()
    }

    /// The path below the SCRIPT_NAME of the settings, which mounts are looked for by too.
    pub(super) fn below_forced(&self, request: &Request) -> Option<Bytes> {
        let forced = self.forced.as_deref()?;
        Some(Bytes::copy_from_slice(request.path_below(Some(forced))))
    }

    /// Whether a server behind this one is sent scripts to run.
    pub(super) fn runs_scripts(&self) -> bool {
        self.routes.iter().chain([&self.root]).any(|route| route.scripts.is_some())
    }

    /// Whether a folder would have had the file of this path.
    pub(in crate::serve) fn is_tried(&self, path: &[u8]) -> bool {
        let covers = |tried: &TriedRoute| cgi_vars::below(tried.prefix.as_bytes(), path).is_some();
        self.edge.tried.iter().any(covers)
    }

    /// SCRIPT_NAME and PATH_INFO, as the application of a request gets them.
    pub(in crate::serve) fn split(&self, request: &Request) -> (Bytes, Bytes) {
        let routed = self.route(request);
        let rule = match routed.target {
            RouteTarget::Application(_) => routed.script_name,
            _ => self.mount_above(request).unwrap_or_else(|| self.whole()),
        };
        let (script_name, path_info) = request.script_name_and_path_info(rule);
        (Bytes::copy_from_slice(script_name), path_info)
    }

    /// The same of a folder that is found below a mount: what the mount cuts off is cut off.
    fn mount_above(&self, request: &Request) -> Option<ScriptNameRule<'_>> {
        let path = &request.target.path[..];
        let (route, below) = self.at(path).filter(|(route, _)| route.is_mount())?;
        let length = path.len() - below.len();
        Some(ScriptNameRule::Mounted { forced: route.script_name.as_deref(), length })
    }

    /// How the application at the root gets it.
    fn whole(&self) -> ScriptNameRule<'_> {
        self.forced.as_deref().map_or(ScriptNameRule::AsSent, ScriptNameRule::Forced)
    }

    /// Adds the applications of the settings other than that of [`SiteConfig::root`], and what the settings say of
    /// SCRIPT_NAME.
    pub(in crate::serve) fn with_applications(
        mut self,
        config: &SiteConfig,
        limits: Limits,
        first: usize,
    ) -> Self {
        let forced = config.script_name.forced.as_deref();
        self.forced = forced.map(|forced| forced.strip_suffix('/').unwrap_or(forced).to_owned());
        self.choice = config.mount_choice;
        for (index, (at, _)) in config.applications().enumerate() {
            let Some(at) = at else { continue };
            let target = RouteTarget::Application(AppId(first + index));
            self.named.push((at.name().to_owned(), target.clone()));
            match at {
                MountPoint::Path(path) if path.is_empty() => self.root.target = target,
                MountPoint::Path(path) if self.choice.is_by_path() => {
                    let script_name = self.forced.as_ref().map(|forced| format!("{forced}{path}"));
                    self.routes.push(Route { script_name, ..Route::new(path, limits, target) });
                }
                MountPoint::Path(_) | MountPoint::AppId(_) => {}
            }
        }
        let mut at_paths = self.named.iter().filter(|(name, _)| name.starts_with('/'));
        if config.default_mount
            && matches!(self.root.target, RouteTarget::NotFound)
            && let Some((_, target)) = at_paths.next()
        {
            self.root.target = target.clone();
        }
        self.sort();
        self
    }

    /// The longest prefix first.
    fn sort(&mut self) {
        self.routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
    }

    /// Who answers a request.
    pub(in crate::serve) fn route<'s, 'r>(&'s self, request: &'r Request) -> Routed<'s, 'r> {
        let path = &request.target.path[..];
        let (mut route, mut below) = match self.at(path) {
            Some(found) => found,
            None => self.below_script_name(request).unwrap_or((&self.root, path)),
        };
        if self.choice == MountChoice::PathInfo
            && route.is_mount()
            && let Some(found) = self.folder_at(below)
        {
            (route, below) = found;
        }
        let is_file = !route.is_mount() && !route.prefix.is_empty();
        let target = self.named_by(request).filter(|_| !is_file);
        let script_name = if route.prefix.is_empty() {
            self.whole()
        } else {
            let length = path.len() - below.len();
            ScriptNameRule::Mounted { forced: route.script_name.as_deref(), length }
        };
        let scripts = route.scripts.as_deref().filter(|_| target.is_none());
        Routed { limits: &route.limits, target: target.unwrap_or(&route.target), scripts, below, script_name }
    }

    /// The route of a path, other than that of the root, and the path below its prefix.
    fn at<'p>(&self, path: &'p [u8]) -> Option<(&Route, &'p [u8])> {
        self.routes.iter().find_map(|route| route.below(path))
    }

    /// The same of folders alone.
    fn folder_at<'p>(&self, path: &'p [u8]) -> Option<(&Route, &'p [u8])> {
        self.routes.iter().filter(|route| !route.is_mount()).find_map(|route| route.below(path))
    }

    /// What is below the SCRIPT_NAME of the whole server: a front server has it at a path of its own, which its
    /// settings need not know.
    fn below_script_name<'r>(&self, request: &'r Request) -> Option<(&Route, &'r [u8])> {
        if !request.script_name.is_empty()
            && let Some(found) = self.folder_at(request.path_below(None))
        {
            return Some(found);
        }
        let is_whole = request.script_name.is_empty() && self.forced.is_none();
        if self.named.is_empty() || is_whole {
            return None;
        }
        self.at(request.path_below(self.forced.as_deref())).filter(|(route, _)| route.is_mount())
    }

    /// The application that a front server names; one that does not exist is the one at the root, as in uWSGI.
    fn named_by(&self, request: &Request) -> Option<&RouteTarget> {
        if self.named.is_empty() {
            return None;
        }
        let named = |name: &[u8]| self.named.iter().find(|(known, _)| known.as_bytes() == name);
        if let Some(id) = request.application_id() {
            return Some(named(id).map_or(&self.root.target, |(_, target)| target));
        }
        let is_sent = self.choice == MountChoice::ScriptName && !request.script_name.is_empty();
        is_sent.then(|| named(&request.script_name)).flatten().map(|(_, target)| target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::config::Root;
    use crate::serve::config::site::ScriptName;
    use crate::serve::mount::MountedApplication;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;
    use crate::serve::worker::WorkerConfig;

    /// A request as a front server sends it.
    fn sent(variables: &[(&str, &str)], manage: bool) -> Request {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        from_variables(&variables, manage, Client::default()).unwrap().0
    }

    #[test]
    fn the_longest_prefix_answers() {
        let route = |prefix: &str| {
            Route::new(prefix, Limits::default(), RouteTarget::Page(prefix.trim_end_matches('/').to_owned()))
        };
        let site = Site::new(SiteEdge::default(), ["/a", "/a/b/", "/c"].map(route).into(), route("/"));
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
            let request = sent(&[("PATH_INFO", path)], false);
            let route = site.route(&request);
            let RouteTarget::Page(page) = route.target else { panic!("{path}") };
            assert_eq!((page.as_str(), route.below), (prefix, below.as_bytes()), "{path}");
        }
    }

    /// A site with the applications `/a` (0), `/a/b` (1) and `id:blog` (2), and nothing at the root.
    fn mounted(choice: MountChoice, forced: Option<&str>) -> SiteConfig {
        let mount =
            |at: &str| MountedApplication { at: at.parse().unwrap(), workers: WorkerConfig::default() };
        SiteConfig {
            root: Root::NotFound,
            mounts: vec![mount("/a"), mount("/a/b/"), mount("id:blog")],
            mount_choice: choice,
            script_name: ScriptName { forced: forced.map(str::to_owned), manage: false },
            ..SiteConfig::default()
        }
    }

    /// The application, SCRIPT_NAME and PATH_INFO of a request.
    fn given(config: &SiteConfig, request: &Request) -> String {
        let root = Route::new("/", Limits::default(), RouteTarget::NotFound);
        let site =
            Site::new(SiteEdge::default(), Vec::new(), root).with_applications(config, Limits::default(), 0);
        let route = site.route(request);
        let RouteTarget::Application(AppId(id)) = route.target else { return "none".to_owned() };
        let (script_name, path_info) = request.script_name_and_path_info(route.script_name);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{id} {:?} {:?}", text(script_name), text(&path_info))
    }

    #[test]
    fn a_mounted_application_gets_its_prefix_as_script_name() {
        let config = mounted(MountChoice::Path, None);
        for (script_name, path_info, manage, expected) in [
            ("", "/a/x", false, r#"0 "/a" "/x""#),
            ("", "/a", false, r#"0 "/a" """#),
            ("", "/a/", false, r#"0 "/a" "/""#),
            ("", "/apple", false, "none"),
            ("", "/", false, "none"),
            ("", "/a/b/c", false, r#"1 "/a/b" "/c""#),
            ("", "/a/bc", false, r#"0 "/a" "/bc""#),
            // The front server has cut it off already, or sends both.
            ("/a", "/x", false, r#"0 "/a" "/x""#),
            ("/a", "", false, r#"0 "/a" """#),
            ("/a", "/a/x", true, r#"0 "/a" "/x""#),
            ("/a", "/a/x", false, r#"0 "/a" "/a/x""#),
            ("/a/", "/b/x", false, r#"1 "/a/b" "/x""#),
            // The front server has the whole server at a path of its own.
            ("/site", "/a/x", false, r#"0 "/site/a" "/x""#),
            ("/site", "/x", false, "none"),
        ] {
            let request = sent(&[("SCRIPT_NAME", script_name), ("PATH_INFO", path_info)], manage);
            assert_eq!(given(&config, &request), expected, "{script_name:?} {path_info:?}");
        }
    }

    #[test]
    fn a_forced_script_name_comes_before_the_prefix() {
        let config = mounted(MountChoice::Path, Some("/site/"));
        for (script_name, path_info, manage, expected) in [
            ("", "/a/x", false, r#"0 "/site/a" "/x""#),
            ("/old", "/a/x", false, r#"0 "/site/a" "/x""#),
            // By HTTP, and by front servers that leave it, the path may begin with it.
            ("", "/site/a/x", true, r#"0 "/site/a" "/x""#),
            ("", "/site/a/x", false, "none"),
        ] {
            let request = sent(&[("SCRIPT_NAME", script_name), ("PATH_INFO", path_info)], manage);
            assert_eq!(given(&config, &request), expected, "{script_name:?} {path_info:?}");
        }
    }

    #[test]
    fn a_front_server_names_the_application() {
        let request = |id: &str, script_name: &str, path: &str| {
            sent(&[("UWSGI_APPID", id), ("SCRIPT_NAME", script_name), ("PATH_INFO", path)], false)
        };
        let config = mounted(MountChoice::Path, None);
        assert_eq!(given(&config, &request("blog", "", "/x")), r#"2 "" "/x""#);
        assert_eq!(given(&config, &request("/a/b", "", "/a/x")), r#"1 "/a" "/x""#);
        assert_eq!(given(&config, &request("unknown", "", "/a/x")), "none");
        assert_eq!(given(&config, &request("", "", "/a/x")), r#"0 "/a" "/x""#);

        let config = mounted(MountChoice::ScriptName, None);
        assert_eq!(given(&config, &request("", "/a", "/a/x")), r#"0 "/a" "/a/x""#);
        assert_eq!(given(&config, &request("", "/a", "/x")), r#"0 "/a" "/x""#);
        assert_eq!(given(&config, &request("", "/a/b/c", "/x")), "none");
        assert_eq!(given(&config, &request("", "", "/a/x")), "none");
        assert_eq!(given(&config, &request("blog", "/a", "/x")), r#"2 "/a" "/x""#);

        let config = mounted(MountChoice::AppId, None);
        assert_eq!(given(&config, &request("", "/a", "/x")), "none");
        assert_eq!(given(&config, &request("/a", "/q", "/x")), r#"0 "/q" "/x""#);
    }

    #[test]
    fn the_first_may_take_what_is_for_none() {
        let config = SiteConfig { default_mount: true, ..mounted(MountChoice::Path, None) };
        let request = |path: &str| sent(&[("PATH_INFO", path)], false);
        assert_eq!(given(&config, &request("/c")), r#"0 "" "/c""#);
        assert_eq!(given(&config, &request("/a/b/c")), r#"1 "/a/b" "/c""#);
        let at_root =
            MountedApplication { at: MountPoint::Path(String::new()), workers: WorkerConfig::default() };
        let mut config = config;
        config.mounts.push(at_root);
        assert_eq!(given(&config, &request("/c")), r#"3 "" "/c""#);
    }

    #[test]
    fn a_folder_keeps_its_path() {
        let page = || RouteTarget::Page("files".to_owned());
        let config = mounted(MountChoice::Path, None);
        let files = Route::new("/a/static", Limits::default(), page());
        let root = Route::new("/", Limits::default(), RouteTarget::NotFound);
        let site = Site::new(SiteEdge::default(), vec![files], root).with_applications(
            &config,
            Limits::default(),
            0,
        );
        let request = sent(&[("PATH_INFO", "/a/static/x")], false);
        let route = site.route(&request);
        assert!(matches!(route.target, RouteTarget::Page(_)) && route.below == b"/x");
        let request = sent(&[("PATH_INFO", "/a/statics")], false);
        assert!(matches!(site.route(&request).target, RouteTarget::Application(AppId(0))));
    }

    #[test]
    fn a_folder_below_script_name() {
        for (choice, script_name, path_info, expected) in [
            (MountChoice::Path, "", "/static/x", "files /x"),
            // Of a front server that has cut it off.
            (MountChoice::Path, "/site", "/static/x", "files /x"),
            (MountChoice::Path, "/site", "/x", "none"),
            // uWSGI looks for files when it has cut off the prefix of the application.
            (MountChoice::Path, "", "/a/static/x", "application"),
            (MountChoice::PathInfo, "", "/a/static/x", "files /x"),
            (MountChoice::PathInfo, "/a", "/static/x", "files /x"),
            (MountChoice::PathInfo, "", "/a/b/static", "files "),
            (MountChoice::PathInfo, "", "/a/statics", "application"),
            (MountChoice::ScriptName, "/a", "/static/x", "files /x"),
            (MountChoice::ScriptName, "/a", "/x", "application"),
        ] {
            let config = mounted(choice, None);
            let files = Route::new("/static", Limits::default(), RouteTarget::Page("files".to_owned()));
            let root = Route::new("/", Limits::default(), RouteTarget::NotFound);
            let site = Site::new(SiteEdge::default(), vec![files], root).with_applications(
                &config,
                Limits::default(),
                0,
            );
            let request = sent(&[("SCRIPT_NAME", script_name), ("PATH_INFO", path_info)], false);
            let route = site.route(&request);
            let found = match route.target {
                RouteTarget::Page(page) => format!("{page} {}", String::from_utf8_lossy(route.below)),
                RouteTarget::Application(_) => "application".to_owned(),
                _ => "none".to_owned(),
            };
            assert_eq!(found, expected, "{choice:?} {script_name:?} {path_info:?}");
        }
    }
}
