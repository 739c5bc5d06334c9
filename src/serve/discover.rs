//! What can be served from a folder when nothing is named: an application, or a folder of files.

use std::path::{Path, PathBuf};

use super::worker::Application;
use crate::sys::read::read_regular;

#[derive(Debug, PartialEq)]
pub enum Content {
    Application(Application),
    /// Nothing but applications at paths of their own.
    Mounts,
    /// A folder of files.
    Folder(PathBuf),
    /// Nothing but servers behind this one, and folders perhaps.
    Upstreams,
    Nothing,
}

/// Files that may hold an application, the most specific name first.
const FILES: [&str; 4] = ["wsgi.py", "app.py", "index.py", "main.py"];
/// Names of the callable, the standard one first.
const CALLABLES: [&str; 2] = ["application", "app"];
/// Far more than anyone writes by hand.
const MAX_SOURCE_BYTES: u64 = 4 << 20;
const FOLDERS: [&str; 2] = ["static", "public"];

/// Looks for an application, then for a folder of files.
pub fn search(folder: &Path) -> Content {
    if let Some(application) = django(folder) {
        return Content::Application(application);
    }
    for file in FILES {
        let Some(source) = read(&folder.join(file)) else { continue };
        if let Some(callable) = CALLABLES.into_iter().find(|name| defines(&source, name)) {
            let callable = Some(callable.to_owned());
            return Content::Application(Application::File { path: file.into(), callable });
        }
    }
    let folders = FOLDERS.map(|name| folder.join(name));
    folders.into_iter().find(|path| path.is_dir()).map_or(Content::Nothing, Content::Folder)
}

/// The text of a Python file. Nothing is waited for: nobody has named it.
fn read(path: &Path) -> Option<String> {
    String::from_utf8(read_regular(path, MAX_SOURCE_BYTES).ok()?).ok()
}

/// manage.py names the settings, and these name the WSGI application.
fn django(folder: &Path) -> Option<Application> {
    let manage = read(&folder.join("manage.py"))?;
    let line = manage.lines().find(|line| line.contains("DJANGO_SETTINGS_MODULE"))?;
    let settings = strings(line).into_iter().find(|text| *text != "DJANGO_SETTINGS_MODULE")?;
    let module_file = |module: &str| folder.join(module.replace('.', "/") + ".py");
    let package_file = || folder.join(settings.replace('.', "/")).join("__init__.py");
    let declared = read(&module_file(settings)).or_else(|| read(&package_file())).and_then(|source| {
        let line = source.lines().find(|line| line.starts_with("WSGI_APPLICATION"))?.to_owned();
        let (module, callable) = strings(&line).first()?.rsplit_once('.')?;
        Some((module.to_owned(), callable.to_owned()))
    });
    // Settings may be a package themselves (`site.settings.dev`, which imports the rest): the module is next to
    // one of the packages above.
    let packages = std::iter::successors(Some(settings), |module| Some(module.rsplit_once('.')?.0)).skip(1);
    let beside = || {
        let mut modules = packages.map(|package| format!("{package}.wsgi"));
        modules.find(|module| module_file(module).is_file())
    };
    let (module, callable) = declared.or_else(|| Some((beside()?, "application".to_owned())))?;
    Some(Application::Module { module, callable: Some(callable) })
}

/// The texts in quotation marks of a line.
fn strings(line: &str) -> Vec<&str> {
    let quote = if line.contains('"') { '"' } else { '\'' };
    line.split(quote).skip(1).step_by(2).collect()
}

/// Whether Python source assigns a name at its top level. A heuristic, not a parser: for other
/// spellings users name the callable.
fn defines(source: &str, name: &str) -> bool {
    // Under `if`, `else` or `try` a name is still one of the module; under `def` or `class` it is
    // not.
    let mut in_block = false;
    source.lines().any(|line| {
        let indented = line.starts_with([' ', '\t']);
        if !indented {
            let first = python_words(line).next();
            in_block = matches!(first, Some("if" | "elif" | "else" | "try" | "except" | "finally" | "with"));
        }
        (in_block || !indented) && assigns(line.trim_start(), name)
    })
}

/// Whether a line of Python assigns a name.
fn assigns(line: &str, name: &str) -> bool {
    if let Some(rest) = line.strip_prefix(name) {
        let rest = rest.trim_start();
        return rest.starts_with(':') || (rest.starts_with('=') && !rest.starts_with("=="));
    }
    let words: Vec<_> = python_words(line).collect();
    match words.split_first() {
        Some((&("def" | "class"), rest)) => line.starts_with(['d', 'c']) && rest.first() == Some(&name),
        Some((&("from" | "import"), rest)) => {
            let imported = rest.iter().position(|word| *word == "import").map_or(0, |at| at + 1);
            line.starts_with(['f', 'i'])
                && rest.get(imported..).is_some_and(|names| {
                    names.iter().enumerate().any(|(index, word)| {
                        // `import x as name` gives `name`, not `x`.
                        *word == name && names.get(index + 1) != Some(&"as")
                    })
                })
        }
        _ => false,
    }
}

fn python_words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::make_fifo;

    #[test]
    fn names_at_the_top_level() {
        for source in [
            "application = default_app()",
            "application: WSGI = x",
            "def application(environ, start_response):",
            "class application:",
            "from flask_site import application",
            "from x import y as application",
            "from x import (y, application)",
            "import application",
            "x = 1\napplication=Flask(__name__)",
            "if __name__ == '__main__':\n    run()\nelse:\n    application = default_app()",
            "try:\n    from x import application\nexcept ImportError:\n    pass",
        ] {
            assert!(defines(source, "application"), "{source}");
        }
        for source in [
            "    application = x",
            "def make():\n    application = x",
            "if x:\n    y()\nclass A:\n    application = x",
            "# application = x",
            "applications = x",
            "application == x",
            "x = application",
            "def my_application():",
            "from x import application as y",
            "from application import x",
            "",
        ] {
            assert!(!defines(source, "application"), "{source}");
        }
    }

    #[test]
    fn only_regular_files_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["manage.py", "wsgi.py", "app.py"] {
            make_fifo(&folder.path().join(name));
        }
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("index.py")).unwrap();
        assert_eq!(search(folder.path()), Content::Nothing);
        std::fs::write(folder.path().join("main.py"), "app = 1").unwrap();
        assert!(matches!(search(folder.path()), Content::Application(_)));
    }

    #[test]
    fn what_a_folder_offers() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let found = || match search(folder.path()) {
            Content::Application(application) => application.to_string(),
            Content::Folder(path) => path.strip_prefix(folder.path()).unwrap().display().to_string(),
            Content::Mounts | Content::Upstreams | Content::Nothing => "nothing".to_owned(),
        };
        assert_eq!(found(), "nothing");
        write("public/index.html", "");
        assert_eq!(found(), "public");
        write("main.py", "app = 1");
        assert_eq!(found(), "main.py:app");
        write("app.py", "x = 1");
        assert_eq!(found(), "main.py:app");
        write("index.py", "application = 1\napp = 2");
        assert_eq!(found(), "index.py:application");
        write("manage.py", "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')");
        write("site1/wsgi.py", "");
        assert_eq!(found(), "site1.wsgi:application");
        write("site1/settings.py", "WSGI_APPLICATION = \"other.wsgi.app\"");
        assert_eq!(found(), "other.wsgi:app");

        // Wagtail's and others' settings are a package.
        write("manage.py", "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site2.settings.dev')");
        write("site2/settings/dev.py", "from .base import *");
        assert_eq!(found(), "index.py:application");
        write("site2/wsgi.py", "");
        assert_eq!(found(), "site2.wsgi:application");
        write("manage.py", "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site2.settings')");
        assert_eq!(found(), "site2.wsgi:application");
        write("site2/settings/__init__.py", "WSGI_APPLICATION = 'site2.other.app'");
        assert_eq!(found(), "site2.other:app");
    }
}
