//! uWSGI's ini files, with placeholders that stand for each other.
#![no_main]

use std::path::Path;

use certkit::internals::config::uwsgi_ini;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let lines = text.lines().count();
    match uwsgi_ini::read(&text, Path::new("/srv/site/uwsgi.ini")) {
        Ok(options) => assert!(options.iter().all(|option| (1..=lines).contains(&option.line))),
        Err(error) => assert!(error.line.is_none_or(|line| (1..=lines).contains(&line))),
    }
});
