//! The sentences about values that are not as they should be.

use super::{machine, meaning, wrong_line};
use crate::config::uwsgi::{Interpretation, Reader};

/// All sentences about a line.
fn said(line: &str) -> String {
    let meaning = meaning(&format!("[uwsgi]\n{line}\n"));
    let notes = meaning.notes.iter().map(|note| note.remark.to_string());
    let refused = meaning.refused.iter().map(|error| {
        assert_eq!(wrong_line(error), Some(2), "{error}");
        error.to_string()
    });
    notes.chain(refused).collect::<Vec<_>>().join("; ")
}

#[test]
fn each_value_has_its_sentence() {
    for (line, parts) in [
        ("harakiri = 30s", &["`30s` counts as 30", "in certkit"][..]),
        ("post-buffering = true", &["`true` counts as 0"]),
        ("harakiri = true", &["`true` has no digits", "or 0 if that is meant"]),
        ("harakiri = $(UWSGI_HARAKIRI)", &["the variable `UWSGI_HARAKIRI` is not set"]),
        ("limit-as = %(nope)", &["there is no option `nope`"]),
        ("home =", &["`home` has no value"]),
        ("uid =", &["`uid`: it has no value"]),
        ("env = A", &["`A` has no `=`"]),
        ("chmod-socket = \"664\"", &["`\"664\"`", "three octal digits"]),
        ("chmod-socket = ug+rw", &["`ug+rw`"]),
        ("plugin = sentry,zabbix", &["no plugin `sentry`, `zabbix`", "starts without it"]),
        ("chown = x", &["`chown` has no effect: uWSGI does not know it either"]),
        ("http-to-https = true", &["`true` is not ADDRESS:PORT"]),
        ("socket = \"/tmp/x\"", &["quotes"]),
        ("cron = x", &["use cron", "--lenient starts without it"]),
    ] {
        let said = said(line);
        assert!(parts.iter().all(|part| said.contains(part)), "{line}: {said}");
    }
    for line in ["limit-nproc = 5", "max-worker-lifetime-delta = 5"] {
        assert!(!said(line).contains("--lenient starts"), "{}", said(line));
    }
    for line in ["app = x", "foo = x", "sgi = x"] {
        assert!(!said(line).contains("did you mean"), "{}", said(line));
    }
}

#[test]
fn the_element_app_has_become_mount() {
    let text = "<uwsgi><app mountpoint=\"/\"><script>shop</script></app></uwsgi>";
    let machine = machine(&[("a.xml", text)]);
    let mut reader = Reader::new(&machine, false);
    reader.file("a.xml").unwrap();
    let meaning = Interpretation::of(&reader.finish().unwrap());
    let notes: Vec<_> = meaning.notes.iter().map(|note| note.remark.to_string()).collect();
    assert_eq!(notes, [] as [&str; 0]);
    let sets = meaning.files.iter().flat_map(|one| &one.sets);
    assert!(sets.into_iter().any(|(setting, value)| setting.word == "mount" && value == "/=shop"));
}
