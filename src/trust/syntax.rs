//! Variables as shells, files of variables and Dockerfiles have them.

use std::fmt::Write;
use std::path::Path;

use super::Anchor;
use super::environment::{Effect, Variable, variables};
use crate::sys::shell::shell_word;

/// How variables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A file of `NAME=value`: docker's --env-file, compose, python-dotenv, systemd's EnvironmentFile.
    Dotenv,
    Fish,
    /// PowerShell, on any system.
    PowerShell,
    /// POSIX: sh, bash, zsh.
    Sh,
}

/// The variables as lines. Those for shells end in a semicolon, so that `eval` also takes them without quotes around
/// `$(…)`; for the same reason they have no comments.
pub fn lines(variables: &[Variable], syntax: Syntax) -> String {
    let mut text = String::new();
    for Variable { name, value, effect, read_by } in variables {
        let _ = match syntax {
            Syntax::Sh => writeln!(text, "export {name}={};", shell_word(value)),
            Syntax::Fish => writeln!(text, "set -gx {name} {};", fish_word(value)),
            Syntax::PowerShell => writeln!(text, "$env:{name} = {}", powershell_text(value)),
            Syntax::Dotenv => {
                let effect = match effect {
                    Effect::Adds => "in addition to the public roots",
                    Effect::Replaces => "instead of the public roots, which the file holds too",
                };
                writeln!(text, "# {read_by}: {effect}\n{name}={}", dotenv_value(value))
            }
        };
    }
    text
}

/// The lines of a Dockerfile that make an image trust the CA: its system, and what does not ask the system. Paths are
/// those of the image, whose base is Debian, Ubuntu or Alpine.
pub fn dockerfile(anchor: &Anchor, file: &Path) -> String {
    let stem = Anchor::file_stem(&anchor.certificate);
    let inside = format!("/usr/local/share/ca-certificates/{stem}.crt");
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let variables =
        variables(Path::new(&inside), Some(Path::new("/etc/ssl/certs/ca-certificates.crt")), None);
    let mut text = format!(
        "# {}: copy it into the build context. Debian, Ubuntu and Alpine: the package ca-certificates is needed.\n",
        file.display()
    );
    // The form in JSON is the one for names with blanks.
    let _ = writeln!(text, "COPY [{}, {}]", json_text(&name), json_text(&inside));
    let _ = writeln!(text, "RUN update-ca-certificates");
    let _ = writeln!(
        text,
        "RUN if command -v keytool >/dev/null; then keytool -importcert -noprompt -cacerts -storepass changeit \
         -alias {stem} -file {inside}; fi"
    );
    let settings: Vec<_> = variables.iter().map(|one| format!("{}={}", one.name, one.value)).collect();
    let _ = writeln!(text, "ENV {}", settings.join(" \\\n    "));
    text
}

/// A word of fish, where only `\` and `'` are special within quotes.
fn fish_word(text: &str) -> String {
    if shell_word(text) == text {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Text that PowerShell takes as it is, up to the closing quote: each of these characters is one, and two of them are one in
/// the text (Windows PowerShell Language Specification 3.0, section 2.3.5.2.1).
fn powershell_text(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        quoted.extend(std::iter::repeat_n(c, if POWERSHELL_QUOTES.contains(&c) { 2 } else { 1 }));
    }
    quoted + "'"
}

const POWERSHELL_QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

/// docker's `--env-file` takes quotes as a part of the value, so there are none where a value does without.
fn dotenv_value(text: &str) -> String {
    if shell_word(text) == text {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"))
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_syntax_quotes_in_its_own_way() {
        let one = |value: &str| Variable {
            name: "NAME",
            value: value.into(),
            effect: Effect::Adds,
            read_by: "programs",
        };
        let of = |value: &str, syntax| lines(&[one(value)], syntax);
        assert_eq!(of("/a/b.crt", Syntax::Sh), "export NAME=/a/b.crt;\n");
        assert_eq!(of("it's $x", Syntax::Sh), "export NAME='it'\\''s $x';\n");
        assert_eq!(of("/a/b.crt", Syntax::Fish), "set -gx NAME /a/b.crt;\n");
        assert_eq!(of(r"it's \x", Syntax::Fish), "set -gx NAME 'it\\'s \\\\x';\n");
        assert_eq!(of("/a/b.crt", Syntax::PowerShell), "$env:NAME = '/a/b.crt'\n");
        assert_eq!(
            of("it's $x `y \u{2019}z", Syntax::PowerShell),
            "$env:NAME = 'it''s $x `y \u{2019}\u{2019}z'\n"
        );
        let dotenv = of("a \"b\" $c", Syntax::Dotenv);
        assert_eq!(dotenv, "# programs: in addition to the public roots\nNAME=\"a \\\"b\\\" \\$c\"\n");
        assert!(of("/a/b.crt", Syntax::Dotenv).ends_with("\nNAME=/a/b.crt\n"));
    }
}
