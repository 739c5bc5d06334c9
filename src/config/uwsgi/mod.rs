//! uWSGI's options: read from the environment, the command line and option files in ini, YAML, JSON and XML, with uWSGI's
//! rules for includes, placeholders, conditions and loops; then understood as settings of certkit.
//!
//! A reader for each format gives lines; [`Reader`] puts all of them into one list; [`Interpretation`] says what the list
//! means.

mod block;
mod declared;
mod exported_option;
mod ini;
mod interpretation;
mod json;
mod magic;
mod option_line;
mod placeholders;
mod reader;
mod surroundings;
#[cfg(test)]
mod tests;
mod xml;
mod yaml;

pub use self::exported_option::ExportedOption;
pub(crate) use self::interpretation::Interpretation;
pub use self::reader::{OptionList, Reader};
pub use self::surroundings::MAX_FILE_BYTES;
#[cfg(any(test, feature = "internals"))]
pub use self::surroundings::NoMachine;
pub(crate) use self::surroundings::ThisMachine;
