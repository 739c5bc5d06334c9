//! What option files mean together.

mod properties;
mod rows;
mod sentences;

use super::{Interpretation, NoMachine, OptionList, Reader};
use crate::config::SettingsError;
use crate::config::origin::Origin;

const FILE: &str = "uwsgi.ini";

fn machine(files: &[(&str, &str)]) -> NoMachine {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    NoMachine { files, variables: vec![("MODE".to_owned(), "live".to_owned())] }
}

fn list_of(files: &[(&str, &str)]) -> Result<OptionList, SettingsError> {
    let machine = machine(files);
    let mut reader = Reader::new(&machine, false);
    reader.file(FILE)?;
    reader.finish()
}

fn shown(files: &[(&str, &str)]) -> Vec<String> {
    let list = list_of(files).unwrap();
    let shown = list
        .options
        .iter()
        .map(|option| format!("{}={}", option.word, option.value.as_deref().unwrap_or("-")));
    shown.collect()
}

fn read_text(text: &str) -> Result<OptionList, SettingsError> {
    list_of(&[(FILE, text)])
}

fn meaning(text: &str) -> Interpretation {
    Interpretation::of(&read_text(text).unwrap())
}

/// The line that an error names.
fn wrong_line(error: &SettingsError) -> Option<usize> {
    match error {
        SettingsError::Syntax { error, .. } => error.line,
        SettingsError::Value { origin: Origin::File { line, .. }, .. }
        | SettingsError::Option { origin: Origin::File { line, .. }, .. } => Some(*line),
        other => panic!("{other}"),
    }
}

#[test]
fn included_files_take_the_place_of_their_line() {
    let files = [
        (
            FILE,
            "[uwsgi]\nx = 1\ninherit = d.ini\nini = :base\ninclude = y.yaml\nlast = %(y)\n[base]\nz = %x%(x)",
        ),
        ("y.yaml", "uwsgi:\n  y: 2\n  json: j.json\n"),
        ("j.json", "{\"uwsgi\": {\"j\": 3}}"),
        ("d.ini", "[uwsgi]\nd = %(x)%n\n"),
    ];
    let expected = [
        "x=1",
        "inherit=d.ini",
        "ini=:base",
        "z=base1",
        "include=y.yaml",
        "y=2",
        "json=j.json",
        "j=3",
        "last=2",
        "d=%(x)d",
    ];
    assert_eq!(shown(&files), expected);
}

#[test]
fn blocks_hold_until_their_end() {
    let text = "[uwsgi]\nif-env = MODE\na = %(_)\nendif\nif-env = NO\nb = 1\nini = missing.ini\nendif =\n\
                for = x y\nc = %(_)\nd = %(_)\nendfor\nset = e=f\nset-placeholder = g=%(e)\nh = x%(g)\n";
    let expected = [
        "if-env=MODE",
        "a=live",
        "endif=",
        "if-env=NO",
        "endif=",
        "for=x y",
        "c=x",
        "c=y",
        "d=x",
        "d=y",
        "endfor=",
        "set=e=f",
        "e=f",
        "set-placeholder=g=%(e)",
        "g=%(e)",
        "h=xf",
    ];
    assert_eq!(shown(&[(FILE, text)]), expected);
}

#[test]
fn the_environment_comes_first() {
    let mut machine = machine(&[(FILE, "[uwsgi]\nprocesses = %(n)\n")]);
    for (name, value) in
        [("UWSGI_N", "3"), ("UWSGI_MAX_REQUESTS", "5"), ("UWSGI_RELOADS", "1"), ("UWSGI_INI", FILE)]
    {
        machine.variables.push((name.to_owned(), value.to_owned()));
    }
    let mut reader = Reader::new(&machine, false);
    reader.environment().unwrap();
    let list = reader.finish().unwrap();
    let words: Vec<_> =
        list.options.iter().map(|option| (option.word.as_str(), option.value.as_deref().unwrap())).collect();
    assert_eq!(words, [("n", "3"), ("max-requests", "5"), ("ini", FILE), ("processes", "3")]);
}

#[test]
fn declared_options_stand_for_others() {
    let list =
        read_text("[uwsgi]\ndeclare-option = app=module=$1.wsgi;processes=$2\napp = shop 4\n").unwrap();
    let words: Vec<_> = list.options.iter().map(|option| (option.word.as_str(), option.is_shown)).collect();
    assert_eq!(words, [("declare-option", true), ("app", true), ("module", false), ("processes", false)]);
    assert_eq!(list.declared, ["app"]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, part) in [
        ("[uwsgi]\nini = uwsgi.ini\n", Some(2), "levels deep"),
        ("[uwsgi]\nini = missing.ini\n", Some(2), "`missing.ini` cannot be read"),
        ("[uwsgi]\n\ninclude = exec://ls\n", Some(3), "runs no program"),
        ("[uwsgi]\ninclude = a.txt\n", Some(2), "ends with none"),
        ("[uwsgi]\nif-env = MODE\nif-file = x\n", Some(3), "inside another"),
        ("[uwsgi]\nset = x\n", Some(2), "NAME=VALUE"),
        ("[uwsgi]\nset-ph = master=1\n", Some(2), "is an option"),
        ("[uwsgi]\ndeclare-option = x\n", Some(2), "NAME=VALUE"),
        ("[uwsgi]\nif-not-env = X\nexit = 1\n", Some(3), "`exit`"),
        ("[uwsgi]\nif-hostname-match = x\n", Some(2), "if-hostname"),
        ("[uwsgi]\na = x%(a)\n", Some(2), "longer than"),
        ("[other]\na = 1\n", None, "[uwsgi]"),
    ] {
        let error = read_text(text).unwrap_err();
        assert_eq!(wrong_line(&error), line, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    let text = "[uwsgi]\nfor-times = 100000\na = 1\nb = 1\nc = 1\n";
    assert_eq!(wrong_line(&read_text(text).unwrap_err()), Some(4));
}

#[test]
fn files_that_multiply_are_refused() {
    // A file that includes itself, and lines that a loop repeats.
    let itself = format!("[uwsgi]\n;{}\n{}", "x".repeat(100_000), "ini = uwsgi.ini\n".repeat(30));
    let error = read_text(&itself).unwrap_err();
    assert!(error.to_string().contains("levels deep"), "{error}");
    let many = format!("{}\n", "y".repeat(900)).repeat(900);
    let text = format!("[uwsgi]\nfor-readline = lines\na = {}\n", "%(_)".repeat(100));
    let error = list_of(&[(FILE, &text), ("lines", &many)]).unwrap_err();
    assert!(error.to_string().contains("more than 16777216 bytes"), "{error}");
    assert_eq!(wrong_line(&error), Some(3));
}

#[test]
fn a_variable_is_named_in_its_error() {
    let mut machine = machine(&[]);
    machine.variables.push(("UWSGI_LIMIT_NPROC".to_owned(), "5".to_owned()));
    let mut reader = Reader::new(&machine, false);
    reader.environment().unwrap();
    let meaning = Interpretation::of(&reader.finish().unwrap());
    let refused: Vec<_> = meaning.refused.iter().map(ToString::to_string).collect();
    assert!(
        refused.len() == 1
            && refused[0].contains("`limit-nproc`")
            && refused[0].contains("UWSGI_LIMIT_NPROC"),
        "{refused:?}"
    );
}

#[test]
fn values_that_double_do_not_fill_the_memory() {
    let doubled = |index| format!("a{index} = %(a{0})%(a{0})\n", index - 1);
    let text: String =
        ["[uwsgi]\na0 = 0123456789\n".to_owned()].into_iter().chain((1..60).map(doubled)).collect();
    // Ten bytes, doubled on each line from the third on.
    assert_eq!(wrong_line(&read_text(&text).unwrap_err()), Some(15));
}

#[test]
fn words_that_protect_are_done_or_refused() {
    let meaning = meaning(
        "[uwsgi]\nlenient = true\nuid = www-data\nlimit-nproc = 5\ncron = x\nmaster = true\nplugins = php\n",
    );
    let refused: Vec<_> =
        meaning.refused.iter().map(|error| (wrong_line(error).unwrap(), error.to_string())).collect();
    let lines: Vec<_> = refused.iter().map(|(line, _)| *line).collect();
    // `lenient` is not an option of uWSGI.
    assert_eq!(lines, [4, 7], "{refused:?}");
    let done: Vec<_> =
        meaning.files.iter().flat_map(|one| &one.sets).map(|(setting, _)| setting.word).collect();
    assert!(done.contains(&"user"), "{done:?}");
}

#[test]
fn strictness() {
    let sentences = |text: &str| {
        let meaning = meaning(text);
        let notes = meaning.notes.iter().map(|note| note.remark.to_string());
        let refused = meaning.refused.iter().map(|error| format!("refused: {error}"));
        notes.chain(refused).collect::<Vec<_>>().join("\n")
    };
    let slip = "vaccum = true\nvacuum = false\n";
    let loose = sentences(&format!("[uwsgi]\n{slip}"));
    assert!(loose.contains("no effect") && loose.contains("did you mean `vacuum`?"), "{loose}");
    let strict = sentences(&format!("[uwsgi]\nstrict = true\nset-ph = mine=1\n{slip}"));
    assert!(strict.starts_with("refused: ") && strict.contains("did you mean `vacuum`?"), "{strict}");
    assert!(!strict.contains("mine"), "{strict}");
    assert!(sentences("[uwsgi]\nstrict = false\nproject = shop\n").contains("`project` has no effect"));
    assert!(sentences("[uwsgi]\nproject = shop\nmodule = %(project).wsgi\n").is_empty());
    assert!(sentences("[uwsgi]\ncron = 1\n").contains("use cron"));
}
