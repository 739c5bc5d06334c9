//! What to serve by the settings: the application that they name, else what the folder offers.

use std::path::Path;

use super::settings::ServeSettings;
use super::values::NamedApplication;
use crate::serve::config::Root;
use crate::serve::discover::{self, Content};
use crate::serve::mount::{MountPoint, MountedApplication};
use crate::serve::worker::{Application, WorkerConfig};

impl ServeSettings {
    /// The application that the settings name, else what is in the folder where the application
    /// would run.
    pub fn content(&self) -> Content {
        if let Some(application) = self.application() {
            return Content::Application(application);
        }
        if let Some(root) = &self.server.site.files.root {
            return Content::Folder(root.clone());
        }
        if !self.mounts.is_empty() {
            return Content::Mounts;
        }
        if !self.server.site.upstreams.is_empty() {
            return Content::Upstreams;
        }
        if self.only_named {
            return Content::Mounts;
        }
        let found = discover::search(self.worker.chdir.as_deref().unwrap_or_else(|| Path::new(".")));
        // Mounted folders are something to serve already.
        let mounts_folders = !self.server.site.folders.is_empty() || !self.server.site.files.tried.is_empty();
        if mounts_folders && matches!(found, Content::Folder(_)) {
            return Content::Nothing;
        }
        found
    }

    /// What is at the root; `None` if there is nothing to serve.
    pub fn root(&self, content: &Content) -> Option<Root> {
        match content {
            Content::Application(application) => {
                Some(Root::Application(Box::new(self.workers(application.clone()))))
            }
            Content::Folder(folder) => Some(Root::Folder(folder.clone())),
            Content::Mounts | Content::Upstreams => Some(Root::NotFound),
            Content::Nothing => None,
        }
    }

    /// Whether the settings name something to serve. Rules are enough.
    pub(super) fn has_content(&self) -> bool {
        let site = &self.server.site;
        self.application().is_some()
            || !self.mounts.is_empty()
            || !site.folders.is_empty()
            || !site.files.tried.is_empty()
            || !site.upstreams.is_empty()
            || site.files.root.is_some()
            || !site.rules.is_empty()
    }

    pub(super) fn application(&self) -> Option<Application> {
        let callable = || self.callable.clone();
        // As in uWSGI, a module counts before a file, whichever comes last.
        match (&self.module, &self.wsgi_file, &self.app) {
            (Some(module), ..) => {
                let (name, named_callable) = parts(module);
                Some(Application::Module {
                    module: name.to_owned(),
                    callable: named_callable.or_else(callable),
                })
            }
            (None, Some(path), _) => Some(Application::File { path: path.clone(), callable: callable() }),
            (None, None, Some(app)) => Some(self.named(app)),
            (None, None, None) => None,
        }
    }

    /// The application that a text names: a file or a module.
    fn named(&self, app: &str) -> Application {
        let (name, named_callable) = parts(app);
        let callable = named_callable.or_else(|| self.callable.clone());
        // The dotted name of a module has neither a slash nor this ending.
        if name.contains('/') || name.ends_with(".py") {
            Application::File { path: name.into(), callable }
        } else {
            Application::Module { module: name.to_owned(), callable }
        }
    }

    /// The applications of `mount`, each with workers of its own.
    pub fn mounted_applications(&self) -> Vec<MountedApplication> {
        let mounted = self.mounts.iter().map(|NamedApplication { at, app }| MountedApplication {
            at: at.clone(),
            workers: WorkerConfig { mounted_at: Some(at.to_string()), ..self.workers(self.named(app)) },
        });
        mounted.collect()
    }

    /// A value of `mount` that cannot be, and why not, so far as several settings together say it.
    pub(super) fn wrong_mount(&self) -> Option<(&NamedApplication, String)> {
        let folders = || self.server.site.folders.iter().map(|(prefix, _)| prefix.as_str());
        let chdir = self.worker.chdir.as_deref().unwrap_or_else(|| Path::new("."));
        self.mounts.iter().enumerate().find_map(|(index, mount)| {
            let NamedApplication { at, app } = mount;
            let name = parts(app).0;
            let is_folder =
                |name: &str| chdir.join(name).is_dir() && !chdir.join(name).join("__init__.py").exists();
            let reason = if self.mounts.iter().take(index).any(|earlier| earlier.at == *at) {
                format!("there is an application at {at} already; give each a path of its own")
            } else if matches!(at, MountPoint::Path(path) if path.is_empty()) && self.application().is_some()
            {
                "APP is the application at `/`; name another path, or omit APP".to_owned()
            } else if matches!(at, MountPoint::Path(path) if folders().any(|prefix| prefix == path)) {
                format!("--static has a folder at {at} already; give each a path of its own")
            } else if is_folder(name) {
                format!("`{name}` is a folder; serve its files with --static {at}={name}")
            } else {
                return None;
            };
            Some((mount, reason))
        })
    }
}

/// What holds the application, and the callable in it.
fn parts(text: &str) -> (&str, Option<String>) {
    match text.rsplit_once(':') {
        Some((name, callable)) => (name, Some(callable.to_owned())),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_applications() {
        let of = |app: &str| {
            let settings = ServeSettings { app: Some(app.into()), ..ServeSettings::default() };
            match settings.content() {
                Content::Application(application) => match &application {
                    Application::File { .. } => format!("file {application}"),
                    Application::Module { .. } => format!("module {application}"),
                },
                other => format!("{other:?}"),
            }
        };
        assert_eq!(of("app.py"), "file app.py");
        assert_eq!(of("app.py:app"), "file app.py:app");
        assert_eq!(of("./bin/app:make"), "file ./bin/app:make");
        assert_eq!(of("pkg.mod"), "module pkg.mod");
        assert_eq!(of("pkg.mod:app.wsgi"), "module pkg.mod:app.wsgi");
    }

    #[test]
    fn a_module_counts_before_a_file() {
        let settings = ServeSettings {
            module: Some("shop".into()),
            wsgi_file: Some("old.py".into()),
            callable: Some("app".into()),
            ..ServeSettings::default()
        };
        let Content::Application(application) = settings.content() else { panic!("no application") };
        assert_eq!(application.to_string(), "shop:app");
    }
}
