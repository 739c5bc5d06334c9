//! Completions and manual pages come from the same definitions as `--help`, and those in the repository are fresh.

use std::fs;

use crate::harness::{Test, repository};
use crate::peers::peer;

const SHELLS: &[(&str, &str)] = &[
    ("bash", "certkit.bash"),
    ("elvish", "certkit.elv"),
    ("fish", "certkit.fish"),
    ("powershell", "certkit.ps1"),
    ("zsh", "_certkit"),
];

#[test]
fn completions_in_the_repository_are_fresh() {
    let test = Test::new();
    for (shell, file) in SHELLS {
        let fresh = test.certkit(&["completions", shell]).exits(0).stdout();
        let committed = fs::read_to_string(repository().join("completions").join(file)).unwrap_or_default();
        assert!(fresh == committed, "completions/{file} is stale: run `make completions`");
        assert!(fresh.contains("mkcert"), "{shell}");
    }
}

#[test]
fn manual_pages_in_the_repository_are_fresh() {
    let test = Test::new();
    test.certkit(&["man", "pages"]).exits(0).says("certkit.1");
    let pages = |folder: std::path::PathBuf| {
        let mut pages: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
            .collect();
        pages.sort();
        pages
    };
    let fresh = pages(test.path("pages"));
    assert!(fresh.len() > 5);
    assert!(
        fresh == pages(repository().join("completions/man")),
        "completions/man is stale: run `make completions`"
    );
    let main = test.certkit(&["man"]).exits(0).stdout();
    assert!(main.starts_with(".ie") || main.contains(".TH certkit 1"), "{main}");
}

#[test]
fn bash_completes_a_word() {
    let Some(bash) = peer("bash") else { return };
    let test = Test::new();
    test.certkit(&["completions", "bash"]).exits(0);
    let ask = "source <(certkit completions bash); COMP_WORDS=(certkit mk); COMP_CWORD=1; \
               _certkit certkit mk certkit; echo ${COMPREPLY[@]}";
    let program = crate::harness::certkit();
    let ask = ask.replace("<(certkit", &format!("<({}", program.display()));
    test.run(&bash, &["-c", &ask]).exits(0).says("mkca mkcert");
}
