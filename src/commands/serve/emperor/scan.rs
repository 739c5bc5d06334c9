//! The option files that an emperor serves.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{EmperorSettings, option_file_word};

/// An option file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VassalFile {
    pub(super) path: PathBuf,
    /// Where its server starts: the folder that it was found in.
    pub(super) folder: Option<PathBuf>,
    pub(super) modified: SystemTime,
    /// User and group, where they count.
    pub(super) owner: Option<(u32, u32)>,
}

/// All of them, by path. A folder that cannot be read has none.
pub(super) fn scan(settings: &EmperorSettings) -> BTreeMap<PathBuf, VassalFile> {
    let mut files = BTreeMap::new();
    for place in &settings.places {
        let folder = Path::new(place);
        if folder.is_dir() {
            let paths = folder.read_dir().into_iter().flatten().filter_map(|one| Some(one.ok()?.path()));
            add(paths, Some(folder), settings, &mut files);
        } else {
            let paths = glob::glob(place).into_iter().flatten().filter_map(Result::ok);
            add(paths, None, settings, &mut files);
        }
    }
    files
}

fn add(
    paths: impl Iterator<Item = PathBuf>,
    folder: Option<&Path>,
    settings: &EmperorSettings,
    files: &mut BTreeMap<PathBuf, VassalFile>,
) {
    for path in paths.filter(|path| is_vassal(path)) {
        // Gone by now, or not to be read.
        let Ok(Some((modified, owner))) = looked_at(&path, settings) else { continue };
        let file = VassalFile { path: path.clone(), folder: folder.map(Path::to_owned), modified, owner };
        files.entry(path).or_insert(file);
    }
}

/// Whether it is meant to be served. What editors leave while they write begins or ends otherwise.
fn is_vassal(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    !name.starts_with(['.', '#']) && option_file_word(name).is_some()
}

type Look = (SystemTime, Option<(u32, u32)>);

fn looked_at(path: &Path, settings: &EmperorSettings) -> io::Result<Option<Look>> {
    let file = path.metadata()?;
    if !file.is_file() {
        return Ok(None);
    }
    let link = path.symlink_metadata()?;
    let of = |is_nofollow| -> &Metadata { if is_nofollow { &link } else { &file } };
    let owned = of(settings.is_tyrant_nofollow);
    let owner = settings.is_tyrant.then(|| (owned.uid(), owned.gid()));
    Ok(Some((of(settings.is_nofollow).modified()?, owner)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn option_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in
            ["a.ini", "b.yml", "c.yaml", "d.json", "e.xml", ".a.ini", "#a.ini", "a.ini~", "a.txt", "ini"]
        {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir(path("folder.ini")).unwrap();
        symlink(path("a.ini"), path("link.ini")).unwrap();
        symlink(path("gone"), path("gone.ini")).unwrap();
        let names = |place: &str| -> Vec<_> {
            let settings = EmperorSettings { places: vec![place.to_owned()], ..EmperorSettings::default() };
            let files = scan(&settings);
            assert!(files.values().all(|file| file.owner.is_none()));
            files.keys().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        let place = folder.path().to_str().unwrap();
        assert_eq!(names(place), ["a.ini", "b.yml", "c.yaml", "d.json", "e.xml", "link.ini"]);
        assert_eq!(names(&format!("{place}/[ab].*")), ["a.ini", "b.yml"]);
        assert_eq!(names(&format!("{place}/none")), [] as [&str; 0]);
        let tyrant =
            EmperorSettings { places: vec![place.to_owned()], is_tyrant: true, ..EmperorSettings::default() };
        let own = path("a.ini").metadata().unwrap();
        assert_eq!(scan(&tyrant)[&path("a.ini")].owner, Some((own.uid(), own.gid())));
    }
}
