//! uWSGI's option files, with placeholders that stand for each other, conditions and files that include themselves.
#![no_main]

use certkit::internals::config::uwsgi::{NoMachine, Reader};
use certkit::internals::config::{Origin, SettingsError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines = 1..=text.lines().count().max(1);
    for name in ["uwsgi.ini", "uwsgi.yaml", "uwsgi.json", "uwsgi.xml"] {
        let machine = NoMachine { files: vec![(name.to_owned(), text.clone())], ..NoMachine::default() };
        let mut reader = Reader::new(&machine, false);
        let list = reader.file(name).and_then(|()| reader.finish());
        let origins: Vec<_> = match list {
            Ok(list) => list.options.into_iter().map(|option| option.origin).collect(),
            Err(SettingsError::Option { origin, .. }) => vec![origin],
            Err(SettingsError::Syntax { error, .. }) => {
                assert!(error.line.is_none_or(|line| lines.contains(&line)), "{error}");
                Vec::new()
            }
            Err(_) => Vec::new(),
        };
        for origin in origins {
            assert!(!matches!(origin, Origin::File { line, .. } if !lines.contains(&line)), "{origin:?}");
        }
    }
});
