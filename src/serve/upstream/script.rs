//! The file that a FastCGI server runs for a request.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

/// A script, found in its folder.
#[derive(Debug)]
pub(in crate::serve) struct Script {
    /// The folder of all scripts, which is the server's as well.
    pub(in crate::serve) folder: Arc<Path>,
    /// The path below it; it begins with a slash.
    pub(in crate::serve) name: String,
    /// What the path of the request has behind it.
    pub(in crate::serve) path_info: Bytes,
}

impl Script {
    /// Whether a variable of the request says which file is run, or what PHP takes for a setting.
    pub(super) fn replaces(name: &[u8]) -> bool {
        let names: [&[u8]; 7] = [
            b"DOCUMENT_ROOT",
            b"PATH_INFO",
            b"PATH_TRANSLATED",
            b"PHP_ADMIN_VALUE",
            b"PHP_VALUE",
            b"REDIRECT_STATUS",
            b"SCRIPT_FILENAME",
        ];
        names.contains(&name)
    }

    /// Visits the variables that take their place.
    pub(super) fn variables(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        let folder = self.folder.as_os_str().as_encoded_bytes();
        visit(b"DOCUMENT_ROOT", folder);
        visit(b"SCRIPT_FILENAME", &[folder, self.name.as_bytes()].concat());
        visit(b"PATH_INFO", &self.path_info);
        // php-cgi with cgi.force_redirect wants to see that a web server asks.
        visit(b"REDIRECT_STATUS", b"200");
    }
}
