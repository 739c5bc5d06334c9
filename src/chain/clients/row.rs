//! A row of the table: what one defect is, and who refuses a chain that has this defect and no other. The rows are in
//! files by topic.

use super::client::Client::{self, *};
use super::client::Clients;
use crate::finding::{Code, Severity};

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::chain) struct Row {
    /// The name of the chain that shows it, in `tests/peers/chains.py`.
    #[cfg(test)]
    pub(in crate::chain) id: &'static str,
    /// What is wrong, as the head of the row.
    #[cfg(test)]
    pub(in crate::chain) what: &'static str,
    pub(in crate::chain) code: Code,
    /// Of the clients that were asked, those that refuse.
    pub(in crate::chain) refused_by: Clients,
    /// Why it is an error although a family of clients accepts it.
    pub(in crate::chain) error_by: Option<&'static str>,
    pub(in crate::chain) documents: &'static [Document],
}

/// A maker says that its client refuses it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::chain) struct Document {
    pub(in crate::chain) client: Client,
    /// An address, or the name of the status by which an interface says so.
    #[cfg(test)]
    pub(in crate::chain) source: &'static str,
}

pub(super) const NONE: Clients = Clients::NONE;
pub(super) const ALL: Clients = Clients::ASKED;
/// Everything that verifies with OpenSSL.
pub(super) const OPENSSL: Clients = Clients::of(&[OpenSsl, OpenSslStrict, Curl, Python312, Python313]);
/// OpenSSL with `X509_V_FLAG_X509_STRICT`.
pub(super) const STRICT: Clients = Clients::of(&[OpenSslStrict, Python313]);
/// Clients whose common refusal is an error, besides that of the everyday ones.
const WITH_BROWSER: Clients = Clients::of(&[Curl, Rustls, Chromium]);

impl Row {
    /// What the defect is under the profile `tls`: an error where everyday clients refuse it, or by a standard that
    /// outweighs one that does not; otherwise a warning.
    pub(in crate::chain) const fn severity(&self) -> Severity {
        let is_common = self.refused_by.has_all(WITH_BROWSER) || self.refused_by.has_every_everyday_one();
        if is_common || self.error_by.is_some() { Severity::Error } else { Severity::Warning }
    }
}

/// What may be wrong with a chain: a row. Each is a constant of this type, which the files of rows define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chain) struct Defect(pub(super) &'static Row);

impl Defect {
    pub(in crate::chain) const fn row(self) -> &'static Row {
        self.0
    }
}

pub(super) const fn refuses(
    client: Client,
    #[cfg_attr(not(test), expect(unused, reason = "for the page"))] source: &'static str,
) -> Document {
    Document {
        client,
        #[cfg(test)]
        source,
    }
}

macro_rules! or {
    () => {
        None
    };
    ($given:expr) => {
        $given
    };
}

macro_rules! list {
    () => {
        &[]
    };
    ($given:expr) => {
        $given
    };
}

/// Rows: the constant, the name of the chain, the code, what is wrong, who refuses; and, where there is more to say, why
/// it is an error all the same, and what makers document.
macro_rules! defects {
    ($($name:ident = $id:literal, $code:ident, $what:literal, $refused_by:expr $(, $error_by:expr, $documents:expr)?;)*) => {
        #[allow(non_upper_case_globals, reason = "each stands for a value of an enumeration")]
        #[allow(dead_code, reason = "rules report most of them; the others are there to be looked up")]
        impl Defect {
            $(pub(in crate::chain) const $name: Self = {
                const ROW: Row = Row {
                    #[cfg(test)]
                    id: $id,
                    #[cfg(test)]
                    what: $what,
                    code: Code::$code,
                    refused_by: $refused_by,
                    error_by: or!($($error_by)?),
                    documents: list!($($documents)?),
                };
                Self(&ROW)
            };)*
        }

        #[cfg(test)]
        pub(super) const ROWS: &[Defect] = &[$(Defect::$name,)*];
    };
}

pub(super) use {defects, list, or};
