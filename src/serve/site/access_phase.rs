//! The access phase of a request: whether it may pass to its route, by every path that it means to somebody.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use percent_encoding::percent_decode;

use super::access::SiteAccess;
use super::router::Site;
use crate::protocol::request_path::resolved;
use crate::serve::connection::Connection;
use crate::serve::request::Request;
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::pages::ErrorPage;

impl Site {
    /// What answers a request that does not pass, or is for another address.
    ///
    /// # Errors
    /// It does not pass.
    pub(in crate::serve) async fn enter(
        &self,
        access: &SiteAccess,
        request: &mut Request,
        connection: &Arc<Connection>,
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        let paths = self.meant_paths(request);
        access.check(request, connection, &paths).await
    }

    /// The same for a request that a rule has led to another path: what protects that one holds too.
    ///
    /// # Errors
    /// It does not pass.
    pub(in crate::serve) async fn enter_again(
        &self,
        access: &SiteAccess,
        request: &mut Request,
        connection: &Arc<Connection>,
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        let paths = self.meant_paths(request);
        access.guard(request, connection, &paths).await
    }

    /// The path as it is asked for, and where a front server, `--script-name` or a mount cuts it: the rest, which folders
    /// and applications go by, and the path that the application sees as its own. Besides, what programs behind upstreams
    /// make of it.
    fn meant_paths(&self, request: &Request) -> Vec<Bytes> {
        let path = &request.target.path;
        let mut paths = vec![path.clone()];
        if self.cuts(request) {
            let (script_name, path_info) = self.split(request);
            let whole: Bytes = [&script_name[..], &path_info[..]].concat().into();
            let below = Bytes::copy_from_slice(request.path_below(None));
            paths.extend([path_info, whole, below]);
            paths.extend(self.below_forced(request));
            paths.dedup();
        }
        paths.extend(without_parameters(path));
        if self.runs_scripts() {
            paths.extend(behind_scripts(path));
        }
        // REQUEST_URI has dot segments and double slashes as they came.
        let sent = request.target.raw.split(|&byte| byte == b'?').next().unwrap_or_default();
        let sent: Bytes = percent_decode(sent).collect();
        if sent != path {
            paths.push(sent);
        }
        paths
    }
}

/// The path as servlet containers see it: without the parameters of its segments (`/a;x=1/b` is `/a/b`).
fn without_parameters(path: &[u8]) -> Option<Bytes> {
    memchr::memchr(b';', path)?;
    let bare = path.split(|&byte| byte == b'/').map(|segment| {
        let end = memchr::memchr(b';', segment).unwrap_or(segment.len());
        segment.get(..end).unwrap_or_default()
    });
    resolved(&bare.collect::<Vec<_>>().join(&b'/')).ok().map(Bytes::from)
}

/// What PHP has as PATH_INFO, alone and in the folder of the script: `/index.php/admin` is `/admin` to most programs.
fn behind_scripts(path: &[u8]) -> Vec<Bytes> {
    const ENDING: &[u8] = b".php/";
    let mut paths = Vec::new();
    for at in memchr::memmem::find_iter(path, ENDING) {
        let (script, info) = path.split_at_checked(at + ENDING.len() - 1).unwrap_or_default();
        let folder = memchr::memrchr(b'/', script).and_then(|slash| script.get(..slash)).unwrap_or_default();
        paths.push(Bytes::copy_from_slice(info));
        paths.push([folder, info].concat().into());
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_programs_see_them() {
        for (path, seen) in [
            ("/manager;x=1/html", Some("/manager/html")),
            ("/;x/manager/html", Some("/manager/html")),
            ("/a/b;jsessionid=1", Some("/a/b")),
            ("/a/b", None),
        ] {
            assert_eq!(without_parameters(path.as_bytes()).as_deref(), seen.map(str::as_bytes), "{path}");
        }
        let seen = |path: &str| behind_scripts(path.as_bytes());
        assert_eq!(seen("/index.php/admin/x"), ["/admin/x", "/admin/x"]);
        assert_eq!(seen("/shop/index.php/admin"), ["/admin", "/shop/admin"]);
        assert_eq!(seen("/index.php"), [""; 0]);
    }
}
