//! DER (ITU-T X.690): elements read and written, BER made DER, and the names of object identifiers.
//!
//! Everything here works on slices and decodes as little as possible: what is copied (an issuer's name, a public
//! key) goes from one file into the next byte for byte. A library that decodes and encodes again does not give back
//! every name that exists. The contents of certificates, lists and their extensions are parsed by `x509-parser`.

mod ber;
pub mod oid;
mod reader;
mod tag;
mod writer;

pub use ber::{is_indefinite, to_definite};
pub use reader::{Element, Malformed, Reader, contents, elements, first, header, unsigned_integers};
pub use tag::{
    BIT_STRING, BMP_STRING, BOOLEAN, CONTEXT_0, CONTEXT_1, ENUMERATED, GENERALIZED_TIME, IA5_STRING, INTEGER,
    NULL, OCTET_STRING, OID, PRINTABLE_STRING, SEQUENCE, SET, UTC_TIME, UTF8_STRING, context,
    context_constructed,
};
pub use writer::{bits, element, time, unsigned};
