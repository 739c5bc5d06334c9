//! The one certificate signing request of a file.

use zeroize::Zeroizing;

use super::Result;
use crate::advice::ca::{malformed_request, not_one_request};
use crate::container::{Block, BlockKind};
use crate::finding::Location;
use crate::operands::input::{location, read_contents};
use crate::operands::password::Passwords;
use crate::x509::Request;

/// A request, and where it stood.
pub(super) struct RequestFile {
    pub(super) request: Request,
    pub(super) der: Zeroizing<Vec<u8>>,
    pub(super) location: Location,
}

impl RequestFile {
    /// Reads it, in whatever form it comes; `-` is standard input.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) fn read(file: &str) -> Result<Self> {
        let (_, contents) = read_contents(file, &mut Passwords::unattended())?;
        let is_request = |block: &&Block| block.kind == BlockKind::CertificateRequest;
        let mut requests = contents.blocks.iter().filter(is_request);
        let (Some(block), None) = (requests.next(), requests.next()) else {
            let found: Vec<_> = contents.blocks.iter().map(|block| block.kind.as_str()).collect();
            return Err(not_one_request(file, &found));
        };
        let location = location(file, block);
        match Request::from_der(&block.der) {
            Ok(request) => Ok(Self { request, der: block.der.clone(), location }),
            Err(error) => Err(malformed_request(&error, location)),
        }
    }
}
