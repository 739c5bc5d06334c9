//! Identifier octets: class, constructed bit and tag number in one byte.

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const UTF8_STRING: u8 = 0x0c;
pub const PRINTABLE_STRING: u8 = 0x13;
pub const IA5_STRING: u8 = 0x16;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const BMP_STRING: u8 = 0x1e;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// The bit that says that the contents are elements.
pub const CONSTRUCTED: u8 = 0x20;

/// `[number]`, primitive, as GeneralName has them.
pub const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, constructed.
pub const fn context_constructed(number: u8) -> u8 {
    0x80 | CONSTRUCTED | number
}

/// Whether the tag number continues in further octets. Nothing in a certificate or its containers has such a tag.
pub const fn is_long(tag: u8) -> bool {
    tag & 0x1f == 0x1f
}

/// `[0]`, constructed.
pub const CONTEXT_0: u8 = context_constructed(0);
/// `[1]`, constructed.
pub const CONTEXT_1: u8 = context_constructed(1);
