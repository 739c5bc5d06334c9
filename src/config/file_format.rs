//! The formats of option files, told by the end of their names.

/// How an option file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Ini,
    Json,
    Xml,
    Yaml,
}

impl FileFormat {
    /// The format of a file with this name.
    pub fn of(file: &str) -> Option<Self> {
        Some(match file.rsplit_once('.')?.1 {
            "ini" => Self::Ini,
            "json" | "js" => Self::Json,
            "xml" => Self::Xml,
            "yaml" | "yml" => Self::Yaml,
            _ => return None,
        })
    }
}

/// `FILE` or `FILE:SECTION`; without a name behind the colon there is no section.
pub fn split_section(name: &str) -> (&str, Option<&str>) {
    if name.contains("://") {
        return (name, None);
    }
    match name.rsplit_once(':') {
        Some((file, section)) => (file, Some(section).filter(|section| !section.is_empty())),
        None => (name, None),
    }
}

/// The option that reads a file with this name; `None` for other files.
pub fn option_file_word(file: &str) -> Option<&'static str> {
    if file.contains(':') {
        return None;
    }
    FileFormat::of(file).map(|format| match format {
        FileFormat::Ini => "ini",
        FileFormat::Json => "json",
        FileFormat::Xml => "xml",
        FileFormat::Yaml => "yaml",
    })
}

/// Whether an APP of the command line is an option file: a name with such an end, or `-` for standard input.
pub fn is_option_file(app: &str) -> bool {
    app == "-" || FileFormat::of(split_section(app).0).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_files_by_their_names() {
        for app in ["a.ini", "/x/a.yml", "a.yaml:base", "a.json", "a.xml:", "-"] {
            assert!(is_option_file(app), "{app}");
        }
        for app in ["a.py", "a.py:app", "pkg.mod", "ini", "a.b:ini"] {
            assert!(!is_option_file(app), "{app}");
        }
    }

    #[test]
    fn sections_are_behind_the_last_colon() {
        assert_eq!(split_section("a.ini:b"), ("a.ini", Some("b")));
        assert_eq!(split_section(":b"), ("", Some("b")));
        assert_eq!(split_section("a.ini:"), ("a.ini", None));
        assert_eq!(split_section("exec://a:b"), ("exec://a:b", None));
    }
}
