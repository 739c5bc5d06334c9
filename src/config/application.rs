//! What to serve by the settings: the application that they name, else what the folder offers.

use std::path::Path;

use super::settings::ServeSettings;
use crate::serve::discover::{self, Content};
use crate::serve::worker::Application;

impl ServeSettings {
    /// The application that the settings name, else what is in the folder where the application
    /// would run.
    pub fn content(&self) -> Content {
        if let Some(application) = self.application() {
            return Content::Application(application);
        }
        let found = discover::search(self.worker.chdir.as_deref().unwrap_or_else(|| Path::new(".")));
        // Mounted folders are something to serve already.
        if !self.server.folders.is_empty() && matches!(found, Content::Folder(_)) {
            return Content::Nothing;
        }
        found
    }

    fn application(&self) -> Option<Application> {
        let callable = || self.callable.clone();
        if let Some(path) = &self.wsgi_file {
            return Some(Application::File { path: path.clone(), callable: callable() });
        }
        let text = self.module.as_ref().or(self.app.as_ref())?;
        let (name, named_callable) = match text.rsplit_once(':') {
            Some((name, callable)) => (name, Some(callable.to_owned())),
            None => (text.as_str(), None),
        };
        let callable = named_callable.or_else(callable);
        // The dotted name of a module has neither a slash nor this ending.
        let is_file = self.module.is_none() && (name.contains('/') || name.ends_with(".py"));
        Some(if is_file {
            Application::File { path: name.into(), callable }
        } else {
            Application::Module { module: name.to_owned(), callable }
        })
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
}
