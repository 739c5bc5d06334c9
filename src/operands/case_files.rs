//! The files and servers that the lines of a batch name.

use std::path::Path;

use super::ca_lookup::trust_local_ca;
use super::input::{InputError, Malformed, read_certificates, read_private_key};
use super::revocation_list::read_revocation_list_file;
use super::server_target::{FileOrServer, ServerOptions, file_or_server};
use crate::chain::{CaseFiles, CaseReason, CaseServer, ReadCertificates, SeenServer, TrustStore};
use crate::finding::Location;
use crate::probe::rules::{ServerFacts, judge_server};
use crate::probe::{Depth, ServerProgram, Starttls};
use crate::x509::{Crl, HostName, PrivateKey};

/// Reads the files of the machine that certkit runs on, and asks servers.
#[derive(Clone, Copy, Debug)]
pub struct LocalFiles;

impl CaseFiles for LocalFiles {
    fn default_trust(&self) -> TrustStore {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        trust
    }

    fn certificates(&self, file: &str) -> Result<ReadCertificates, String> {
        not_standard_input(file)?;
        let read = read_certificates(file).map_err(|error| sentence(&error))?;
        Ok(ReadCertificates { certificates: read.certificates, malformed: reasons(read.malformed) })
    }

    fn revocation_lists(&self, file: &str) -> Result<Vec<Crl>, String> {
        not_standard_input(file)?;
        read_revocation_list_file(file).map_err(|error| error.to_string())
    }

    fn private_key(&self, file: &str) -> Result<PrivateKey, String> {
        not_standard_input(file)?;
        read_private_key(Path::new(file)).map_err(|error| sentence(&error))
    }

    fn server(&self, server: &CaseServer<'_>) -> Result<SeenServer, String> {
        let text = server.target;
        let starttls = server.starttls.map(starttls).transpose()?;
        let options = ServerOptions { starttls, timeout: server.timeout, is_deep: false, http_port: None };
        let target = match file_or_server(text, &options).map_err(|error| error.to_string())? {
            FileOrServer::Server(target) => target,
            FileOrServer::File => {
                return Err(format!("`target` must be HOST:PORT or https://..., not `{text}`"));
            }
        };
        let host = server.host.unwrap_or(&target.host).clone();
        let request = target.path.as_deref().filter(|_| matches!(host, HostName::Dns(_)));
        let probed =
            target.probe(&host, &options, request).map_err(|error| format!("{}: {error}", target.label()))?;
        let survey = probed.server.survey(&probed.peer, Depth::Usual);
        let facts = ServerFacts {
            peer: &probed.peer,
            survey: &survey,
            starttls,
            depth: Depth::Usual,
            addresses: &[],
            program: ServerProgram::of(&probed.peer),
            // The time of a case may be another one, and the clock cannot be compared then.
            now: None,
        };
        let location = Location::file(target.label());
        let findings =
            judge_server(&facts).findings.into_iter().map(|finding| finding.at(location.clone())).collect();
        let sent =
            ReadCertificates { certificates: probed.certificates, malformed: reasons(probed.malformed) };
        Ok(SeenServer { sent, host, findings, words: target.words(), label: target.label() })
    }
}

/// The lines of a batch may come from there.
fn not_standard_input(file: &str) -> Result<(), String> {
    if file == "-" {
        return Err("standard input is not a file of one line; put the text into `chain_pem`, `roots_pem`, `crls_pem` or `key_pem`".into());
    }
    Ok(())
}

fn starttls(word: &str) -> Result<Starttls, String> {
    let known = Starttls::ALL.iter().find(|protocol| protocol.as_str() == word);
    known.copied().ok_or_else(|| {
        let all: Vec<_> = Starttls::ALL.iter().map(|protocol| protocol.as_str()).collect();
        format!("`starttls` must be one of {}, not `{word}`", all.join(", "))
    })
}

fn reasons(malformed: Vec<Malformed>) -> Vec<CaseReason> {
    let reason = |malformed: Malformed| CaseReason::Malformed {
        error: malformed.error,
        location: Some(malformed.location),
    };
    malformed.into_iter().map(reason).collect()
}

/// The error with every detail, on one line.
fn sentence(error: &InputError) -> String {
    match error {
        InputError::Unreadable { errors, .. } => {
            let details: Vec<_> = errors.iter().map(ToString::to_string).collect();
            format!("{error}: {}", details.join("; "))
        }
        _ => error.to_string(),
    }
}
