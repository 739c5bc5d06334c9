//! Making the plans: which files hold the certificate that is due, and where its key is.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::candidates::Due;
use super::plan::{KeyPlan, Plan};
use crate::advice::renewal::{foreign_key, key_elsewhere, key_locked};
use crate::commands::Result;
use crate::operands::folder_index::{FolderIndex, folder_of, open_keys};
use crate::operands::input::read_private_key;
use crate::operands::output::beside;
use crate::operands::password::Passwords;
use crate::operands::rewrite::{RewritableFile, RewriteError};

/// Makes plans; reads each folder once.
pub(super) struct Planner {
    rekey: bool,
    passwords: Passwords,
    wanted: HashSet<Vec<u8>>,
    folders: HashMap<PathBuf, FolderIndex>,
    open_keys: HashMap<PathBuf, HashMap<Vec<u8>, PathBuf>>,
}

impl Planner {
    /// For renewals of these certificates.
    pub(super) fn new(due: &[Due<'_>], rekey: bool, passwords: Passwords) -> Self {
        let wanted = due.iter().map(|one| one.old.der.to_vec()).collect();
        Self { rekey, passwords, wanted, folders: HashMap::new(), open_keys: HashMap::new() }
    }

    /// Files have changed since they were read.
    pub(super) fn read_files_again(&mut self) {
        self.folders.clear();
        self.open_keys.clear();
    }

    /// # Errors
    /// When the certificate's own file cannot be written again, or a key that the user asked for cannot be
    /// replaced.
    pub(super) fn plan<'a>(&mut self, due: Due<'a>) -> Result<Plan<'a>> {
        let mut notes = Vec::new();
        let mut key_files = Vec::new();
        let key_file = known_key_file(&due);
        let mut replaces_key = self.rekey;
        if self.rekey {
            match self.key_files(&due) {
                Ok(found) => key_files = found,
                // Nobody may be there to be asked: the certificate must not expire all the same.
                Err(error) if !due.is_named => {
                    notes.push(key_locked(&due.path, &error));
                    replaces_key = false;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let own = RewritableFile::open(&due.path, &mut self.passwords, replaces_key)?;
        let mut plan = Plan {
            due,
            files: vec![own],
            left: Vec::new(),
            copies: Vec::new(),
            key: KeyPlan::Kept,
            key_file,
            notes,
        };
        self.add_holders(&mut plan, replaces_key);
        if replaces_key {
            self.plan_key(&mut plan, key_files)?;
        }
        Ok(plan)
    }

    /// Adds the files that hold the same certificate: those that were named or are in the ledger, then
    /// those beside it.
    fn add_holders(&mut self, plan: &mut Plan<'_>, opens_keys: bool) {
        let due = &plan.due;
        let old = due.old.der.to_vec();
        let folder = folder_of(&due.path).to_path_buf();
        let index =
            self.folders.entry(folder).or_insert_with_key(|folder| FolderIndex::read(folder, &self.wanted));
        let recorded = due.record.iter().flat_map(|record| record.file.iter().chain(&record.other_files));
        let known = due.also.iter().chain(recorded).filter(|path| path.is_file());
        let known: Vec<PathBuf> = known.map(|path| as_typed(path, folder_of(&due.path))).collect();
        // Without its password a PKCS#12 file shows nothing but its name.
        let has_its_name = |path: &&PathBuf| path.file_stem() == due.path.file_stem();
        let found: Vec<PathBuf> =
            index.holders(&old).iter().chain(index.locked().iter().filter(has_its_name)).cloned().collect();
        let mut seen: HashSet<PathBuf> = due.path.canonicalize().into_iter().collect();
        let known_count = known.len();
        for (number, path) in known.into_iter().chain(found).enumerate() {
            if !path.canonicalize().is_ok_and(|path| seen.insert(path)) {
                continue;
            }
            match RewritableFile::open(&path, &mut self.passwords, opens_keys) {
                Ok(file) if !file.certificates().any(|certificate| *certificate.der == *old) => {}
                Ok(file) if number >= known_count && file.is_one_certificate() => plan.copies.push(path),
                Ok(file) => plan.files.push(file),
                Err(error) => plan.left.push((path, error)),
            }
        }
    }

    /// The files where the private key should be, as far as they hold it.
    fn key_files(&mut self, due: &Due<'_>) -> std::result::Result<Vec<RewritableFile>, RewriteError> {
        let mut found: Vec<RewritableFile> = Vec::new();
        for path in key_paths(due).into_iter().filter(|path| path.is_file()) {
            let file = RewritableFile::open(&path, &mut self.passwords, true)?;
            let is_known =
                found.iter().any(|known| known.path.canonicalize().ok() == path.canonicalize().ok());
            if file.has_key_of(&due.old.spki) && !is_known {
                found.push(file);
            }
        }
        Ok(found)
    }

    /// Finds the key that is replaced, or says that it is not here.
    fn plan_key(&mut self, plan: &mut Plan<'_>, key_files: Vec<RewritableFile>) -> Result<()> {
        let spki = &plan.due.old.spki;
        plan.key = KeyPlan::Replaced;
        if let Some(first) = key_files.first() {
            plan.key_file = Some(first.path.clone());
            let is_new = |file: &RewritableFile| !plan.files.iter().any(|known| known.path == file.path);
            let key_files: Vec<_> = key_files.into_iter().filter(is_new).collect();
            plan.files.extend(key_files);
            return Ok(());
        }
        if let Some(holder) = plan.files.iter().find(|file| file.has_key_of(spki)) {
            plan.key_file = Some(holder.path.clone());
            return Ok(());
        }
        let folder = folder_of(&plan.due.path).to_path_buf();
        let keys = self.open_keys.entry(folder).or_insert_with_key(|folder| open_keys(folder));
        if let Some(path) = keys.get(spki) {
            plan.key_file = Some(path.clone());
            plan.files.push(RewritableFile::open(path, &mut self.passwords, true)?);
            return Ok(());
        }
        let beside = beside(&plan.due.path, "key");
        plan.key = KeyPlan::Kept;
        if !plan.due.is_named {
            plan.notes.push(key_elsewhere(&plan.due.file));
        } else if beside.symlink_metadata().is_ok() {
            return Err(foreign_key(&plan.due.file, &beside));
        } else {
            plan.key_file = Some(beside.clone());
            plan.key = KeyPlan::New(beside);
        }
        Ok(())
    }
}

/// The path of a file as the user would type it who typed `folder`: the ledger's are absolute.
fn as_typed(path: &Path, folder: &Path) -> PathBuf {
    let inside = std::path::absolute(folder.join("x"));
    let is_in_folder = inside.is_ok_and(|inside| inside.parent() == path.parent());
    path.file_name().filter(|_| is_in_folder).map_or_else(|| path.to_path_buf(), |name| folder.join(name))
}

/// Where the ledger says, else beside the certificate if it is its key.
fn known_key_file(due: &Due<'_>) -> Option<PathBuf> {
    recorded_key(due).filter(|path| path.is_file()).or_else(|| {
        let beside = beside(&due.path, "key");
        let key = if beside.is_file() { read_private_key(&beside).ok()? } else { return None };
        (key.spki() == due.old.spki).then_some(beside)
    })
}

fn recorded_key(due: &Due<'_>) -> Option<PathBuf> {
    let path = due.record.and_then(|record| record.key_file.as_deref())?;
    Some(as_typed(path, folder_of(&due.path)))
}

/// Where the key of a certificate should be: where the ledger says, and beside it.
fn key_paths(due: &Due<'_>) -> Vec<PathBuf> {
    let recorded = recorded_key(due);
    let beside = beside(Path::new(&due.path), "key");
    recorded.into_iter().chain([beside]).collect()
}
