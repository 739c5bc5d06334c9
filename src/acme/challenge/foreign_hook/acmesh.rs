//! A DNS script of acme.sh, with the functions and the configuration of the acme.sh that is installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::hook_process::HookCommand;
use super::Subject;

/// Loads acme.sh, then the script as acme.sh itself does, and calls one of its two functions. `$0` is acme.sh, by which it
/// finds its folder, unless `LE_WORKING_DIR` names another. Called without arguments, acme.sh prints its help and defines its functions.
const LOADER: &str = r#"
certkit_script=$1 certkit_call=$2 certkit_name=$3 certkit_fqdn=$4 certkit_value=$5
set --
export LE_WORKING_DIR="${LE_WORKING_DIR:-${0%/*}}"
. "$0" > /dev/null || exit 1
_initpath "$certkit_name" > /dev/null || exit 1
. "$certkit_script" || exit 1
if ! command -v "$certkit_call" > /dev/null; then
    # The function that removes records is optional.
    case $certkit_call in *_rm) exit 0 ;; esac
    echo "$certkit_script defines no function $certkit_call" >&2
    exit 1
fi
"$certkit_call" "$certkit_fqdn" "$certkit_value"
"#;

/// Below acme.sh's folder; the scripts are there, or in the folder itself.
const SCRIPTS: &str = "dnsapi";

/// A script, and the acme.sh that it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AcmeSh {
    program: PathBuf,
    pub script: PathBuf,
    /// The prefix of its functions: the script's name.
    api: String,
}

impl AcmeSh {
    /// Looks for the script, by its name or its path, and for acme.sh.
    ///
    /// # Errors
    /// What is not there, in words.
    pub(super) fn find(named: &str) -> Result<Self, String> {
        let (home, script) = if named.contains('/') {
            let script = PathBuf::from(named);
            (home_of(&script), script)
        } else {
            let home = installed();
            let script = home.as_deref().and_then(|home| script_in(home, named));
            let missing = || match &home {
                Some(home) => format!("{} has no script {named}.sh", home.join(SCRIPTS).display()),
                None => "neither LE_WORKING_DIR nor HOME names the folder of acme.sh".to_owned(),
            };
            let script = script.ok_or_else(missing)?;
            (home, script)
        };
        let program = home.map(|home| home.join("acme.sh")).filter(|program| program.is_file());
        let program =
            program.ok_or_else(|| format!("acme.sh is not installed beside {}", script.display()))?;
        let api = script.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let is_name = api.starts_with("dns_") && api.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match (is_name, script.is_file()) {
            (false, _) => Err(format!("{} is not named dns_NAME.sh", script.display())),
            (true, false) => Err(format!("{} does not exist", script.display())),
            (true, true) => Ok(Self { program, script, api }),
        }
    }

    /// The shell that is to run.
    pub(super) fn command(&self) -> HookCommand {
        HookCommand { program: PathBuf::from("/bin/sh"), arguments: vec!["-c".to_owned(), LOADER.to_owned()] }
    }

    /// The arguments of [`LOADER`].
    pub(super) fn arguments(&self, verb: &str, subject: &Subject<'_>) -> Vec<OsString> {
        let function = if verb == "present" { "add" } else { "rm" };
        // Without the dot at its end, as acme.sh gives it.
        let fqdn = subject.fqdn.trim_end_matches('.');
        vec![
            self.program.clone().into(),
            self.script.clone().into(),
            format!("{}_{function}", self.api).into(),
            subject.answer.host.to_string().into(),
            fqdn.into(),
            subject.record.value.clone().into(),
        ]
    }
}

/// The path of the script where it can be found, since the next run may have another HOME.
pub(super) fn absolute(named: &str) -> String {
    let found = AcmeSh::find(named).ok().and_then(|found| std::path::absolute(found.script).ok());
    found.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| named.to_owned())
}

/// The folder of the acme.sh that is installed for this user.
fn installed() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("LE_WORKING_DIR").or_else(|| variable("HOME").map(|home| home.join(".acme.sh")))
}

/// The folder of acme.sh that holds a script.
fn home_of(script: &Path) -> Option<PathBuf> {
    let folders = script.ancestors().skip(1).take(2);
    folders.map(Path::to_owned).find(|folder| folder.join("acme.sh").is_file())
}

fn script_in(home: &Path, api: &str) -> Option<PathBuf> {
    let file = format!("{api}.sh");
    [home.join(SCRIPTS).join(&file), home.join(&file)].into_iter().find(|path| path.is_file())
}
