//! A chunked body and its trailers (RFC 9112 section 7.1).

use super::{Limits, Rejection, is_field_byte, is_token};

/// A place in a chunked body (RFC 9112 section 7.1).
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    SizeStart,
    Size { size: u64, digits: u8 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataLineFeed,
    TrailerStart { trailers: Trailers },
    TrailerName { trailers: Trailers },
    TrailerValue { trailers: Trailers },
    TrailerLineFeed { trailers: Trailers },
    EndLineFeed,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trailers {
    bytes: usize,
    fields: usize,
}

impl Part {
    /// Takes as many bytes as are good: their number, and whether the body has ended.
    pub(super) fn advance(
        &mut self,
        bytes: &[u8],
        extensions: &mut usize,
        limits: &Limits,
    ) -> (usize, Result<bool, Rejection>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Self::Data { left } = *self {
                let available = (bytes.len() - at) as u64;
                at += left.min(available) as usize; // at most what is available
                *self =
                    if left > available { Self::Data { left: left - available } } else { Self::DataReturn };
                continue;
            }
            match self.byte(byte, extensions, limits) {
                Ok(Some(next)) => *self = next,
                Ok(None) => return (at + 1, Ok(true)),
                Err(rejection) => return (at, Err(rejection)),
            }
            at += 1;
        }
        (at, Ok(false))
    }

    /// The part after one more byte, or `None` at the end of the body.
    fn byte(self, byte: u8, extensions: &mut usize, limits: &Limits) -> Result<Option<Self>, Rejection> {
        let bad_size = Rejection::Malformed("a chunk size is not a hexadecimal number");
        let next = match (self, byte) {
            (Self::SizeStart, _) => {
                Self::Size { size: u64::from(hex_digit(byte).ok_or(bad_size)?), digits: 1 }
            }
            (Self::Size { size, .. }, b'\r') => Self::SizeLineFeed { size },
            (Self::Size { size, .. }, b';') => Self::Extension { size },
            (Self::Size { size, digits }, _) => {
                // Sixteen digits fill 64 bits, and the largest sizes have other meanings inside
                // hyper.
                let digit = hex_digit(byte).filter(|_| digits < 15).ok_or(bad_size)?;
                Self::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (Self::Extension { size }, b'\r') => Self::SizeLineFeed { size },
            (Self::Extension { size }, _) => {
                *extensions += 1;
                if !is_field_byte(byte) || *extensions > limits.chunk_extensions {
                    return Err(Rejection::Malformed(
                        "a chunk extension that is too long or has control characters",
                    ));
                }
                Self::Extension { size }
            }
            (Self::SizeLineFeed { size: 0 }, b'\n') => Self::TrailerStart { trailers: Trailers::default() },
            (Self::SizeLineFeed { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataLineFeed,
            (Self::DataLineFeed, b'\n') => Self::SizeStart,
            (Self::TrailerStart { .. }, b'\r') => Self::EndLineFeed,
            (Self::EndLineFeed, b'\n') => return Ok(None),
            (Self::TrailerStart { mut trailers }, _) if is_token(byte) => {
                trailers.fields += 1;
                Self::TrailerName { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerName { trailers }, b':') => {
                Self::TrailerValue { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerName { trailers }, _) if is_token(byte) => {
                Self::TrailerName { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerValue { trailers }, b'\r') => Self::TrailerLineFeed { trailers },
            (Self::TrailerValue { trailers }, _) if is_field_byte(byte) => {
                Self::TrailerValue { trailers: trailers.longer(limits)? }
            }
            (Self::TrailerLineFeed { trailers }, b'\n') => {
                Self::TrailerStart { trailers: trailers.longer(limits)? }
            }
            _ => return Err(Rejection::Malformed("the chunked body is malformed")),
        };
        Ok(Some(next))
    }
}

impl Trailers {
    fn longer(mut self, limits: &Limits) -> Result<Self, Rejection> {
        self.bytes += 1;
        if self.bytes > limits.head || self.fields > limits.fields {
            return Err(Rejection::HeadTooLarge);
        }
        Ok(self)
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8) // below 16
}
