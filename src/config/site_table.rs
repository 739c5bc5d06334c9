//! The tables of sites and routes in `certkit.toml`, as assignments.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::assignment::Assignment;
use super::error::SyntaxProblem;
use super::origin::Origin;
use super::setting::{Scope, Setting};
use super::table;
use super::toml_source::{Source, in_order, unknown, values};

/// The key of a route's path.
const PATH: &str = "path";
/// The key of the tables of routes.
pub(super) const ROUTE: &str = "route";

/// What a file says of a site other than that of `[serve]`.
#[derive(Clone, Debug)]
pub struct SiteTable {
    /// Where it begins.
    pub origin: Origin,
    pub assignments: Vec<Assignment>,
}

/// The site of a table.
///
/// # Errors
/// A key that a site has not, with its place.
pub(super) fn site(
    source: &Source<'_>,
    at: usize,
    keys: &DeTable<'_>,
) -> Result<SiteTable, (usize, SyntaxProblem)> {
    let mut assignments = Vec::new();
    for (key, value) in in_order(keys) {
        let (at, key) = (key.span().start, key.get_ref().as_ref());
        if key == ROUTE {
            assignments.extend(routes(source, at, value)?);
            continue;
        }
        let setting = known(key).map_err(|problem| (at, problem))?;
        if setting.scope() == Scope::Server {
            return Err((at, SyntaxProblem::OfServer { key: key.to_owned() }));
        }
        for (at, value) in values(setting, key, value).map_err(|problem| (at, problem))? {
            assignments.push(assignment(source, at, key, setting, value));
        }
    }
    Ok(SiteTable { origin: source.origin(at), assignments })
}

/// What the tables of routes say, with their paths before the values.
///
/// # Errors
/// A key that a route has not, with its place.
pub(super) fn routes(
    source: &Source<'_>,
    at: usize,
    tables: &Spanned<DeValue<'_>>,
) -> Result<Vec<Assignment>, (usize, SyntaxProblem)> {
    let DeValue::Array(tables) = tables.get_ref() else {
        return Err((at, SyntaxProblem::NoTables { key: ROUTE.to_owned() }));
    };
    let mut assignments = Vec::new();
    for table in tables {
        let at = table.span().start;
        let DeValue::Table(keys) = table.get_ref() else {
            return Err((at, SyntaxProblem::NoTables { key: ROUTE.to_owned() }));
        };
        let path = keys.get(PATH).and_then(|path| path.get_ref().as_str());
        let path = path.filter(|path| path.starts_with('/')).ok_or((at, SyntaxProblem::NoPath))?;
        // What ends with a slash is the same route.
        let path = match path.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        for (key, value) in in_order(keys) {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            if key == PATH {
                continue;
            }
            // An application below a path is one of `mount`.
            let setting = if key == "app" { table::named("mount") } else { None };
            let setting = setting.map_or_else(|| known(key), Ok).map_err(|problem| (at, problem))?;
            if !setting.is_by_path() && !setting.is_path_list() {
                return Err((at, SyntaxProblem::NotOfRoute { key: key.to_owned() }));
            }
            for (at, value) in values(setting, key, value).map_err(|problem| (at, problem))? {
                let value = match (setting.is_path_list(), value.as_str()) {
                    (false, value) => format!("{path}={value}"),
                    (true, "true") => path.to_owned(),
                    (true, "false") => continue,
                    (true, _) => {
                        let (expected, given) = ("true or false", "value of another kind");
                        return Err((at, SyntaxProblem::NotAValue { key: key.to_owned(), expected, given }));
                    }
                };
                assignments.push(assignment(source, at, setting.word, setting, value));
            }
        }
    }
    Ok(assignments)
}

fn assignment(
    source: &Source<'_>,
    at: usize,
    key: &str,
    setting: &'static Setting,
    value: String,
) -> Assignment {
    Assignment { word: key.to_owned(), ..Assignment::new(setting, value.into(), source.origin(at)) }
}

/// The setting of a key.
fn known(key: &str) -> Result<&'static Setting, SyntaxProblem> {
    table::named(key).filter(|setting| !setting.only_flag).ok_or_else(|| unknown(key))
}
