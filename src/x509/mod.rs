//! Certificates, private keys, names: owned types with the field's words.

mod key_kind;

pub use key_kind::KeyKind;
