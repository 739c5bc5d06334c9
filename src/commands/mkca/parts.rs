//! What every way of making a CA needs.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::super::{Context, Result, next_command};
use super::arguments::{constraints, domains, folder};
use crate::ca::{
    CaLevel, CaProfile, Constraint, Filed, INTERMEDIATE_FILES, Issuance, Issued, Issuer, ROOT_FILES, Subject,
    SubjectKey, ca_common_name, ca_subject, check_ca_name, example_name, new_key, successor_name,
};
use crate::cli::MkcaArgs;
use crate::operands::ca_lookup::{CaChoice, tidy};
use crate::operands::output::{Output, Overwrite};
use crate::operands::password::Passwords;
use crate::operands::seal::encrypted_key_pem;
use crate::report::FileRole;
use crate::sys::clock::date;
use crate::sys::shell::path_word;
use crate::x509::{Certificate, PrivateKey};

/// The options, read.
pub(super) struct Parts<'a> {
    pub(super) args: &'a MkcaArgs,
    pub(super) now: OffsetDateTime,
    pub(super) folder: PathBuf,
    pub(super) permitted: Vec<Constraint>,
    pub(super) excluded: Vec<Constraint>,
    /// What the CA is called, as typed or as the one before it.
    pub(super) name: Option<String>,
    pub(super) subject: Option<Subject>,
    /// Domains that the CA before it, or above it, may issue for, and those that it may not.
    limits: (Vec<Constraint>, Vec<Constraint>),
    /// Whether new keys get a password.
    pub(super) encrypt: bool,
    password: Option<Zeroizing<String>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(args: &'a MkcaArgs, context: &Context<'_>) -> Result<Self> {
        let permitted = constraints("--permit", &args.permit)?;
        let excluded = constraints("--exclude", &args.exclude)?;
        let subject = args.subject.as_deref().map(Subject::parse).transpose()?;
        let folder = folder(args)?;
        args.name.as_deref().map_or(Ok(()), check_ca_name)?;
        let name = args.name.clone();
        let now = context.clock.now();
        Ok(Self {
            args,
            now,
            folder,
            permitted,
            excluded,
            name,
            subject,
            encrypt: args.encrypt,
            limits: (Vec::new(), Vec::new()),
            password: None,
        })
    }

    /// Follows a root that is there already: unless something else is typed, the new CA is called like it, but for
    /// what tells two apart, and has its limits.
    pub(super) fn follow(&mut self, root: &Certificate) {
        if let Some(limits) = &root.name_constraints {
            self.limits = (domains(&limits.permitted), domains(&limits.excluded));
        }
        if self.name.is_none() && self.subject.is_none() {
            self.name = successor_name(&root.subject);
            let rest = Subject::copied_without_common_name(&root.subject);
            self.subject = (!rest.is_empty()).then_some(rest);
        }
    }

    /// Asks for the password of new keys, if they are to have one.
    pub(super) fn ask_password(&mut self) -> Result<()> {
        if self.encrypt {
            let mut passwords = Passwords::new("--password-file", self.args.password_file.as_deref());
            self.password = Some(passwords.fresh("the CA's private key")?);
        }
        Ok(())
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        tidy(&self.folder.join(file))
    }

    /// The CA of the folder with these files.
    pub(super) fn choice(&self, (certificate, key): (&str, &str)) -> CaChoice {
        let files = Some((self.path(certificate), self.path(key)));
        CaChoice { files, password_file: self.args.password_file.clone(), ..CaChoice::default() }
    }

    /// The options that name the folder again.
    pub(super) fn options(&self) -> String {
        if self.args.global {
            " --global".to_owned()
        } else if self.args.output == Path::new(".") {
            String::new()
        } else {
            format!(" -o {}", path_word(&self.args.output))
        }
    }

    pub(super) fn subject_of(&self, level: CaLevel, key: &PrivateKey) -> Subject {
        let common_name = ca_common_name(self.name.as_deref(), level, &date(self.now), key);
        ca_subject(self.subject.as_ref(), level, &common_name)
    }

    /// The profile as the options have it; `limited_as` is a CA whose limits hold where there are no
    /// others.
    pub(super) fn profile(
        &self,
        level: CaLevel,
        key: &PrivateKey,
        limited_as: Option<&Certificate>,
    ) -> CaProfile {
        let (subject, days) = (self.subject_of(level, key), self.args.days);
        let mut profile = match level {
            CaLevel::Root => CaProfile::root(subject, days),
            CaLevel::Intermediate => CaProfile::new(subject, days, 0),
        };
        profile = profile.limited(self.permitted.clone(), self.excluded.clone());
        profile.limited_as = limited_as.cloned();
        profile
    }

    /// Issues a new intermediate with a new key.
    pub(super) fn intermediate(
        &self,
        issuer: &Issuer<'_>,
        limited_as: Option<&Certificate>,
    ) -> Result<(Issued, PrivateKey)> {
        let key = new_key(self.args.key_kind)?;
        let mut profile = self.profile(CaLevel::Intermediate, &key, limited_as);
        profile.addresses = (&self.args.addresses).into();
        let (file, key_file) = (self.path(INTERMEDIATE_FILES.0), self.path(INTERMEDIATE_FILES.1));
        let filed = Filed {
            file: Some(&file),
            key_file: Some(&key_file),
            requested_by: Some("mkca"),
            ..Filed::default()
        };
        let issued = issuer
            .issue(Issuance { filed, ..Issuance::ca(&profile, SubjectKey::Public(key.spki()), self.now) })?;
        Ok((issued, key))
    }

    /// What the ledger keeps of where a root is.
    pub(super) fn root_filed<R>(&self, then: impl FnOnce(Filed<'_>) -> R) -> R {
        let (file, key_file) = (self.path(ROOT_FILES.0), self.path(ROOT_FILES.1));
        then(Filed {
            file: Some(&file),
            key_file: (!self.args.throwaway_root).then_some(key_file.as_path()),
            requested_by: Some("mkca"),
            ..Filed::default()
        })
    }

    /// A key as its file has it: encrypted if there is a password.
    pub(super) fn key_text(&self, key: &PrivateKey) -> Result<Vec<u8>> {
        Ok(match &self.password {
            None => key.to_pem().as_bytes().to_vec(),
            Some(password) => encrypted_key_pem(key, password)?.as_bytes().to_vec(),
        })
    }

    pub(super) fn add_key(
        &self,
        output: &mut Output,
        file: &str,
        key: &PrivateKey,
        what: &str,
        overwrite: Overwrite,
    ) -> Result<()> {
        output.private(&self.path(file), FileRole::CaKey, self.key_text(key)?, what, overwrite);
        Ok(())
    }

    /// The options that name the CA with these files, where it is not found by itself.
    pub(super) fn ca_options(&self, files: (&str, &str)) -> String {
        let is_found = self.args.global || self.args.output == Path::new(".");
        let files = (!is_found).then(|| (self.args.output.join(files.0), self.args.output.join(files.1)));
        let password_file = self.args.password_file.clone();
        CaChoice { files, password_file, ..CaChoice::default() }.options()
    }

    /// The command that issues from the new CA.
    pub(super) fn mkcert(&self, files: (&str, &str)) -> String {
        let (permitted, excluded) = if self.permitted.is_empty() && self.excluded.is_empty() {
            (&self.limits.0, &self.limits.1)
        } else {
            (&self.permitted, &self.excluded)
        };
        next_command::mkcert(&example_name(permitted, excluded), &self.ca_options(files))
    }
}
