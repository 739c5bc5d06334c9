//! The JSON Schema of the envelope, and the page that describes it field by field. Both files are made from the structs
//! of this room, so that neither can differ from what is printed; with `CERTKIT_UPDATE=1` the test writes them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::certificate::{Key, Name};
use super::show::RevokedSerial;
use super::{CommandResult, Envelope};
use crate::report::{FACTS, FactType};

const SCHEMA_FILE: &str = "docs/certkit.schema.json";
const PAGE: &str = "docs/json.md";
/// Above this line the page is written by hand.
const MARKER: &str =
    "<!-- Below this line the page is made from src/render/json by `cargo test schema`. -->\n";

/// Which results a command can have, besides none at all when it fails.
const RESULTS: &[(&str, &[&str])] = &[
    ("mkca", &["FilesResult"]),
    ("mkcert", &["FilesResult"]),
    ("csr", &["FilesResult"]),
    ("sign", &["FilesResult"]),
    ("renew", &["FilesResult", "TextResult"]),
    ("revoke", &["FilesResult"]),
    ("crl", &["FilesResult"]),
    ("list", &["CaListResult"]),
    ("export", &["FilesResult"]),
    ("merge", &["MergeResult"]),
    ("check", &["CheckResult", "BatchResult", "TextResult"]),
    ("show", &["ShowResult"]),
    ("key new", &["FilesResult"]),
    ("key show", &["ShowResult"]),
    ("key encrypt", &["FilesResult"]),
    ("key decrypt", &["FilesResult"]),
    ("key match", &["KeyMatchResult"]),
    ("convert", &["ConvertResult"]),
    ("trust install", &["TrustResult"]),
    ("trust uninstall", &["TrustResult", "TrustListResult"]),
    ("trust list", &["TrustListResult"]),
    ("trust status", &["TrustResult"]),
    ("trust env", &["TrustEnvResult"]),
    ("trust export", &["FilesResult"]),
    ("hosts add", &["HostsResult"]),
    ("hosts remove", &["HostsResult"]),
    ("hosts check", &["HostsResult"]),
    ("acme obtain", &["FilesResult"]),
    ("acme renew", &["AcmeRenewResult"]),
    ("acme revoke", &["AcmeRevokeResult"]),
    ("acme delete", &["AcmeDeleteResult"]),
    ("acme import", &["AcmeImportResult"]),
    ("acme list", &["AcmeListResult"]),
    ("acme dns-providers", &["DnsProvidersResult"]),
    ("acme account show", &["AccountResult"]),
    ("acme account update", &["AccountResult"]),
    ("acme account rollover", &["AccountResult"]),
    ("acme account deactivate", &["AccountResult"]),
    ("acme dns-record", &["DnsRecordsResult"]),
    ("acme install-timer", &["FilesResult", "TextResult"]),
    ("serve", &["TextResult"]),
    ("completions", &["TextResult"]),
    ("man", &["FilesResult", "TextResult"]),
];

/// The facts of an object of `show`.
pub(super) struct Facts;

impl JsonSchema for Facts {
    fn schema_name() -> Cow<'static, str> {
        "Facts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::new();
        for (name, kind, description) in FACTS {
            let mut schema = match kind {
                FactType::Flag => json!({"type": "boolean"}),
                FactType::Key => generator.subschema_for::<Key<'_>>().to_value(),
                FactType::List => json!({"type": "array", "items": {"type": "string"}}),
                FactType::Names => {
                    let item = generator.subschema_for::<Name<'_>>();
                    json!({"type": "array", "items": item})
                }
                FactType::Number => json!({"type": "integer"}),
                FactType::Revoked => {
                    let item = generator.subschema_for::<RevokedSerial<'_>>();
                    json!({"type": "array", "items": item})
                }
                FactType::Text => json!({"type": "string"}),
                FactType::Time => json!({"type": "string", "format": "date-time"}),
            };
            schema["description"] = json!(format!("{}.", capitalised(description)));
            properties.insert((*name).to_owned(), schema);
        }
        properties.insert(
            "days_left".into(),
            json!({"type": "integer", "description": "Whole days from `at` until `not_after` or `next_update`."}),
        );
        json_schema!({"type": "object", "properties": properties})
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Envelope<'static>>().to_value();
    schema["title"] = json!("The output of certkit with --format json");
    schema["properties"]["schema"] =
        json!({"const": super::SCHEMA, "description": schema["properties"]["schema"]["description"]});
    let commands: Vec<_> = RESULTS.iter().map(|(command, _)| *command).collect();
    // A command line that names no command has the empty one.
    schema["properties"]["command"]["anyOf"] = json!([{"enum": commands}, {"const": ""}, {"enum": ["key", "trust", "hosts", "acme", "acme account"]}]);
    let rules: Vec<_> = RESULTS
        .iter()
        .map(|(command, results)| {
            let results: Vec<_> = results
                .iter()
                .chain(&["NoResult"])
                .map(|result| json!({"$ref": format!("#/$defs/{result}")}))
                .collect();
            json!({
                "if": {"properties": {"command": {"const": command}}},
                "then": {"properties": {"result": {"anyOf": results}}},
            })
        })
        .collect();
    schema["allOf"] = json!(rules);
    schema
}

/// The page's tables: the envelope, a section for each result, one for each object that they share.
fn tables(schema: &Value) -> String {
    let mut page = String::new();
    let definitions = schema["$defs"].as_object().unwrap();
    let is_result = |name: &str| RESULTS.iter().any(|(_, results)| results.contains(&name));
    page.push_str("## The envelope\n\n");
    fields(&mut page, schema);
    page.push_str("\n## The result of each command\n");
    for (name, definition) in definitions.iter().filter(|(name, _)| is_result(name)) {
        let commands: Vec<_> = RESULTS
            .iter()
            .filter(|(_, results)| results.contains(&name.as_str()))
            .map(|(command, _)| format!("`{command}`"))
            .collect();
        let _ = write!(page, "\n### {name}: {}\n\n", commands.join(", "));
        section(&mut page, definition);
    }
    page.push_str("\n## Objects in them\n");
    let shared = |name: &str| !is_result(name) && name != "CommandResult" && name != "NoResult";
    for (name, definition) in definitions.iter().filter(|(name, _)| shared(name)) {
        let _ = write!(page, "\n### {name}\n\n");
        section(&mut page, definition);
    }
    page
}

fn section(page: &mut String, definition: &Value) {
    if let Some(description) = definition["description"].as_str() {
        let _ = write!(page, "{}\n\n", on_one_line(description));
    }
    for variant in definition["anyOf"].as_array().into_iter().flatten() {
        if let Some(description) = variant["description"].as_str() {
            let _ = write!(page, "{}\n\n", on_one_line(description));
        }
        fields(page, variant);
        page.push('\n');
    }
    if definition["properties"].is_object() {
        fields(page, definition);
    }
    let words: Vec<_> = words(definition);
    if !words.is_empty() {
        let _ = writeln!(page, "One of {}.", words.join(", "));
    }
    while page.ends_with("\n\n") {
        page.pop();
    }
}

fn fields(page: &mut String, schema: &Value) {
    page.push_str("| field | type | meaning |\n|---|---|---|\n");
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let meaning = on_one_line(field["description"].as_str().unwrap_or_default());
        let _ = writeln!(page, "| `{name}` | {}{optional} | {meaning} |", kind(field));
    }
}

/// The words that a string can be.
fn words(schema: &Value) -> Vec<String> {
    let plain = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    plain
        .filter_map(Value::as_str)
        .map(|word| format!("`{word}`"))
        .chain(described.flat_map(|one| {
            let description = one["description"].as_str().map(on_one_line);
            let words: Vec<_> = match one["const"].as_str() {
                Some(word) => vec![word],
                None => one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            };
            let said = description.map(|text| format!(" ({})", text.trim_end_matches('.')));
            let said = said.unwrap_or_default();
            words.into_iter().map(move |word| format!("`{word}`{said}")).collect::<Vec<_>>()
        }))
        .collect()
}

fn kind(field: &Value) -> String {
    if let Some(reference) = field["$ref"].as_str() {
        return reference.trim_start_matches("#/$defs/").to_owned();
    }
    if let Some(variants) = field["anyOf"].as_array() {
        let kinds: Vec<_> = variants.iter().map(kind).filter(|kind| kind != "null").collect();
        return if field["type"] == "string" { "string".to_owned() } else { kinds.join(" or ") };
    }
    if field["const"].is_number() {
        return format!("`{}`", field["const"]);
    }
    let word = |kind: &Value| match kind.as_str() {
        Some("array") => {
            let items =
                if field["items"].is_object() { kind_of_items(&field["items"]) } else { "any".into() };
            format!("list of {items}")
        }
        Some("object") => {
            let values = &field["additionalProperties"];
            if values.is_object() { format!("object of {}", self::kind(values)) } else { "object".into() }
        }
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    };
    match &field["type"] {
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(word).filter(|kind| kind != "null").collect();
            kinds.join(" or ")
        }
        kind => word(kind),
    }
}

fn kind_of_items(items: &Value) -> String {
    kind(items)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_schema_and_its_page_are_those_of_the_structs() {
    let schema = schema();
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    hold(SCHEMA_FILE, &text);

    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let (head, _) = page.split_once(MARKER).expect("the page has the marker");
    hold(PAGE, &format!("{head}{MARKER}\n{}", tables(&schema)));
}

#[test]
fn every_result_belongs_to_a_command() {
    let schema = SchemaGenerator::from(SchemaSettings::draft2020_12().for_serialize())
        .into_root_schema_for::<CommandResult<'static>>()
        .to_value();
    for name in schema["$defs"].as_object().unwrap().keys().filter(|name| name.ends_with("Result")) {
        assert!(
            name == "NoResult" || RESULTS.iter().any(|(_, results)| results.contains(&name.as_str())),
            "{name} belongs to no command"
        );
    }
}

fn hold(file: &str, wanted: &str) {
    let path = root().join(file);
    if std::env::var_os("CERTKIT_UPDATE").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{file} is stale: run CERTKIT_UPDATE=1 cargo test --lib schema");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
