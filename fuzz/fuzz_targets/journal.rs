//! Journals of file groups: whatever bytes they have, temporary files are beside the names that they get.
#![no_main]

use std::path::Path;

use certkit::internals::sys::fs::journal_names;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let whole = [b"certkit journal 1\n", data, b"end\n"].concat();
    for contents in [data, &whole] {
        for (path, temporary) in journal_names(contents, Path::new("folder")) {
            assert_eq!(path.parent(), temporary.parent());
            assert!(path.is_absolute() || path.parent() == Some(Path::new("folder")));
        }
    }
});
