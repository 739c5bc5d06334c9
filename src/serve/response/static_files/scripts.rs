//! The PHP files of a folder, which a FastCGI server runs, and the files beside them, which are served.
//!
//! Which file is run is decided here, and only for one that is there: a server that has to guess takes `/x.jpg/y.php` for
//! the script `x.jpg`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use rustix::fs::FileType;

use super::file::FilePath;
use super::{
    FileSettings, Folder, OutgoingBody, failure, failure_status, join, not_found, relative, with_slash,
};
use crate::serve::request::Request;
use crate::serve::upstream::Script;

const ENDING: &str = ".php";

/// The script of a folder.
const INDEX: &str = "index.php";

/// What the names of source code contain: `config.php.bak` is not shown to anybody, nor is what scripts include.
const SOURCES: [&str; 4] = [".php", ".phtml", ".phar", ".inc"];

/// A folder with scripts.
#[derive(Debug)]
pub(in crate::serve) struct ScriptFolder {
    folder: Folder,
    path: Arc<Path>,
    /// The script, by its path, for what is missing.
    fallback: Option<String>,
}

/// Who answers a request.
pub(in crate::serve) enum ScriptMatch {
    Script(Script),
    Response(Response<OutgoingBody>),
}

impl ScriptFolder {
    /// # Errors
    /// What the system says.
    pub(in crate::serve) fn open(
        path: &Path,
        settings: &Arc<FileSettings>,
        fallback: Option<String>,
    ) -> io::Result<Self> {
        let mut folder = Folder::for_application(path, settings)?.with_own_indexes();
        // A script is run, or nobody gets it.
        folder.indexes.retain(|index| !is_source(index));
        let path = folder.path.as_path().into();
        Ok(Self { folder, path, fallback })
    }

    /// Finds what answers a request for `path`, which begins with a slash, or is empty for the folder itself.
    pub(in crate::serve) async fn find(&self, request: &Request, path: &Bytes) -> ScriptMatch {
        match self.script_or_file(request, path).await {
            Ok(found) => found.unwrap_or_else(|| ScriptMatch::Response(not_found())),
            Err(error) => ScriptMatch::Response(failure(&error, path)),
        }
    }

    async fn script_or_file(&self, request: &Request, path: &Bytes) -> io::Result<Option<ScriptMatch>> {
        if let Some(script) = self.script(path).await? {
            return Ok(Some(ScriptMatch::Script(script)));
        }
        // Not for names that are hidden.
        let Some(wanted) = relative(path) else { return Ok(None) };
        let index = join(&wanted, INDEX);
        if self.file_type(&index).await? == Some(FileType::RegularFile) {
            return Ok(Some(if path.ends_with(b"/") {
                ScriptMatch::Script(self.named(&index, Bytes::new()))
            } else {
                ScriptMatch::Response(with_slash(&request.target))
            }));
        }
        if !is_source(&wanted)
            && let Some(response) = self.folder.try_answer(request, path).await
        {
            return Ok(Some(ScriptMatch::Response(response)));
        }
        let Some(fallback) = self.fallback.as_deref().and_then(|path| relative(path.as_bytes())) else {
            return Ok(None);
        };
        let is_there = self.file_type(&fallback).await? == Some(FileType::RegularFile);
        Ok(is_there.then(|| ScriptMatch::Script(self.named(&fallback, Bytes::new()))))
    }

    /// The first script on the way along the path; what comes behind it is PATH_INFO.
    async fn script(&self, path: &Bytes) -> io::Result<Option<Script>> {
        let slashes = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let ends: Vec<_> = slashes.chain([path.len()]).collect();
        for end in ends {
            let (before, behind) = path.split_at_checked(end).unwrap_or_default();
            if !before.ends_with(ENDING.as_bytes()) {
                continue;
            }
            let Some(wanted) = relative(before) else { return Ok(None) };
            match self.file_type(&wanted).await? {
                Some(FileType::RegularFile) => {
                    return Ok(Some(self.named(&wanted, path.slice_ref(behind))));
                }
                Some(FileType::Directory) => {}
                // Nothing is below it.
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn named(&self, wanted: &str, path_info: Bytes) -> Script {
        Script { folder: Arc::clone(&self.path), name: format!("/{wanted}"), path_info }
    }

    /// What is at a path. Only the server of the scripts has to be allowed to read it.
    async fn file_type(&self, wanted: &str) -> io::Result<Option<FileType>> {
        let path = FilePath { directory: Arc::clone(&self.folder.directory), relative: wanted.into() };
        let result = match path.file_type_now() {
            Some(result) => result,
            None => tokio::task::spawn_blocking(move || path.file_type()).await?,
        };
        match result {
            Err(error) if failure_status(&error) == http::StatusCode::NOT_FOUND => Ok(None),
            result => result.map(Some),
        }
    }
}

fn is_source(wanted: &str) -> bool {
    let name = wanted.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    SOURCES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn script(folder: &ScriptFolder, path: &'static str) -> Option<(String, Bytes)> {
        let script = folder.script(&Bytes::from_static(path.as_bytes())).await.unwrap();
        script.map(|script| (script.name, script.path_info))
    }

    #[tokio::test]
    async fn a_path_is_split_only_where_a_script_is() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("www");
        std::fs::create_dir_all(root.join("dir.php/.git")).unwrap();
        for name in ["www/a.php", "www/x.jpg", "www/dir.php/b.php", "www/dir.php/.git/c.php", "out.php"] {
            std::fs::write(outer.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("../out.php", root.join("link.php")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe.php"), rustix::fs::Mode::RUSR).unwrap();
        let folder = ScriptFolder::open(&root, &Arc::default(), None).unwrap();
        for (path, name, path_info) in [
            ("/a.php", "/a.php", ""),
            ("/a.php/", "/a.php", "/"),
            ("/a.php/.env/b.php", "/a.php", "/.env/b.php"),
            ("/dir.php/b.php/c", "/dir.php/b.php", "/c"),
        ] {
            assert_eq!(script(&folder, path).await, Some((name.to_owned(), path_info.into())), "{path}");
        }
        for path in [
            "",
            "/",
            "/.php",
            "/x.jpg/y.php",
            "/dir.php",
            "/dir.php/.git/c.php",
            "/link.php",
            "/pipe.php",
            "/../out.php",
            "/b.php/a.php",
            "/a.PHP",
        ] {
            assert_eq!(script(&folder, path).await, None, "{path}");
        }
        for name in ["a.php", "x/A.PHP.bak", "a.php~", "b.inc", "c.class.inc.txt", "d.phtml"] {
            assert!(is_source(name), "{name}");
        }
        assert!(!is_source("x.php/style.css"));
    }
}
