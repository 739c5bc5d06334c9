//! gzip and Zstandard, piece by piece: the caller decides how much is compressed at a time, and when what was compressed
//! must be readable.

use std::cell::RefCell;
use std::io;
use std::mem::take;

use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::stream::raw::{Encoder as ZstdEncoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe::CParameter;

/// As Caddy's; nginx has 1, which is little faster here and leaves an eighth more.
const GZIP_LEVEL: u32 = 5;
/// RFC 1952: 32 KiB.
const GZIP_WINDOW: u8 = 15;
/// The default of the library.
const ZSTD_LEVEL: i32 = 3;
/// Powers of two: 64 KiB of window, and tables that fit it. By itself the level takes 2 MiB, for each response.
const ZSTD_WINDOW: u32 = 16;
const ZSTD_TABLES: u32 = 15;

/// Bytes of room for what the encoders write.
const ROOM: usize = 4 * 1024;

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    /// As Content-Encoding has it.
    pub(in crate::serve) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What was done to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Encoded {
    pub(in crate::serve) coding: Coding,
    /// Its bytes before, as far as they have come.
    pub(in crate::serve) length: u64,
}

/// An encoder for one body. It takes about 300 KiB of memory, with either coding (measured).
pub(super) struct Encoder(Codec);

enum Codec {
    Gzip(Box<Compress>),
    Zstd(ZstdEncoder<'static>),
    /// It was given back.
    Spent,
}

/// Encoders of this thread that are not in use: making one takes longer than compressing a small page.
#[derive(Default)]
struct Spare {
    gzip: Option<Box<Compress>>,
    zstd: Option<ZstdEncoder<'static>>,
}

thread_local! {
    static SPARE: RefCell<Spare> = RefCell::default();
}

impl Encoder {
    /// An encoder for a body of `length` bytes, if that is known for certain.
    ///
    /// # Errors
    /// Out of memory.
    pub(super) fn new(coding: Coding, length: Option<u64>) -> io::Result<Self> {
        let codec =
            match coding {
                Coding::Gzip => Codec::Gzip(spare(|spare| spare.gzip.take()).unwrap_or_else(|| {
                    Box::new(Compress::new_gzip(Compression::new(GZIP_LEVEL), GZIP_WINDOW))
                })),
                Coding::Zstd => {
                    let mut encoder = match spare(|spare| spare.zstd.take()) {
                        Some(encoder) => encoder,
                        None => zstd_encoder()?,
                    };
                    encoder.set_pledged_src_size(length)?;
                    Codec::Zstd(encoder)
                }
            };
        Ok(Self(codec))
    }

    /// Takes all of `input`, and writes what is complete behind `output`.
    pub(super) fn write(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        while !input.is_empty() {
            let taken = match &mut self.0 {
                Codec::Gzip(gzip) => step(gzip, input, output, FlushCompress::None)?.taken,
                Codec::Zstd(zstd) => {
                    let mut piece = InBuffer::around(input);
                    with_room(output, |room| zstd.run(&mut piece, room))?;
                    piece.pos()
                }
                Codec::Spent => return Err(io::ErrorKind::WriteZero.into()),
            };
            input = input.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes what a client needs to read all that was taken.
    pub(super) fn flush(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let is_done = match &mut self.0 {
                Codec::Gzip(gzip) => step(gzip, &[], output, FlushCompress::Sync)?.has_room,
                Codec::Zstd(zstd) => with_room(output, |room| zstd.flush(room))? == 0,
                Codec::Spent => true,
            };
            if is_done {
                return Ok(());
            }
        }
    }

    /// Writes the end.
    pub(super) fn finish(mut self, output: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let is_done = match &mut self.0 {
                Codec::Gzip(gzip) => step(gzip, &[], output, FlushCompress::Finish)?.is_end,
                Codec::Zstd(zstd) => with_room(output, |room| zstd.finish(room, true))? == 0,
                Codec::Spent => true,
            };
            if is_done {
                return Ok(());
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.0, Codec::Spent) {
            Codec::Gzip(mut gzip) => {
                gzip.reset();
                spare(|spare| spare.gzip = Some(gzip));
            }
            Codec::Zstd(mut zstd) => {
                if zstd.reinit().is_ok() {
                    spare(|spare| spare.zstd = Some(zstd));
                }
            }
            Codec::Spent => {}
        }
    }
}

/// Where the thread ends there are none any more.
fn spare<T: Default>(with: impl FnOnce(&mut Spare) -> T) -> T {
    SPARE.try_with(|spare| with(&mut spare.borrow_mut())).unwrap_or_default()
}

fn zstd_encoder() -> io::Result<ZstdEncoder<'static>> {
    let mut encoder = ZstdEncoder::new(ZSTD_LEVEL)?;
    encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW))?;
    encoder.set_parameter(CParameter::HashLog(ZSTD_TABLES))?;
    encoder.set_parameter(CParameter::ChainLog(ZSTD_TABLES))?;
    encoder.set_parameter(CParameter::ChecksumFlag(false))?;
    Ok(encoder)
}

/// What one call of the compressor has done.
struct Step {
    /// Bytes of the input.
    taken: usize,
    /// Whether it left room in the output, so that it has nothing more to write.
    has_room: bool,
    is_end: bool,
}

fn step(gzip: &mut Compress, input: &[u8], output: &mut Vec<u8>, flush: FlushCompress) -> io::Result<Step> {
    output.reserve(ROOM);
    let before = gzip.total_in();
    let status = gzip.compress_vec(input, output, flush)?;
    Ok(Step {
        taken: usize::try_from(gzip.total_in() - before).unwrap_or(usize::MAX),
        has_room: output.len() < output.capacity(),
        is_end: status == Status::StreamEnd,
    })
}

fn with_room<T>(
    output: &mut Vec<u8>,
    write: impl FnOnce(&mut OutBuffer<'_, Vec<u8>>) -> io::Result<T>,
) -> io::Result<T> {
    output.reserve(ROOM);
    let end = output.len();
    write(&mut OutBuffer::around_pos(output, end))
}

/// A whole body at once.
///
/// # Errors
/// Out of memory.
pub(super) fn encode(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(coding, Some(body.len() as u64))?;
    let mut output = Vec::with_capacity(body.len() / 3);
    encoder.write(body, &mut output)?;
    encoder.finish(&mut output)?;
    output.shrink_to_fit();
    Ok(take(&mut output))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;
    use proptest::prelude::*;

    use super::*;

    pub(in crate::serve::response) const ALL: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

    /// As much of `bytes` as a client can read.
    pub(in crate::serve::response) fn readable(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut decoder: Box<dyn Read> = match coding {
            Coding::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(bytes).unwrap()),
        };
        let mut text = Vec::new();
        let mut piece = [0; 1000];
        while let Ok(length @ 1..) = decoder.read(&mut piece) {
            text.extend_from_slice(&piece[..length]);
        }
        text
    }

    proptest! {
        #[test]
        fn clients_read_what_was_written(
            pieces in prop::collection::vec(("[a-f]{0,3000}", any::<bool>()), 0..40),
            leaves in any::<bool>(),
        ) {
            for coding in ALL {
                // One that was given back in the middle of a body begins a new one.
                let mut left = Encoder::new(coding, None).unwrap();
                if leaves {
                    left.write(b"left", &mut Vec::new()).unwrap();
                }
                drop(left);
                let mut encoder = Encoder::new(coding, None).unwrap();
                let (mut text, mut output) = (Vec::new(), Vec::new());
                for (piece, flushes) in &pieces {
                    text.extend_from_slice(piece.as_bytes());
                    encoder.write(piece.as_bytes(), &mut output).unwrap();
                    if *flushes {
                        encoder.flush(&mut output).unwrap();
                        prop_assert_eq!(&readable(coding, &output), &text);
                    }
                }
                encoder.finish(&mut output).unwrap();
                prop_assert_eq!(&readable(coding, &output), &text);
                prop_assert_eq!(&readable(coding, &encode(coding, &text).unwrap()), &text);
            }
        }
    }

    #[test]
    fn the_window_is_small() {
        let text: Vec<u8> =
            (0..3_000_000_u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        for coding in ALL {
            let mut encoder = Encoder::new(coding, None).unwrap();
            let mut output = Vec::new();
            for piece in text.chunks(70_000) {
                encoder.write(piece, &mut output).unwrap();
            }
            encoder.finish(&mut output).unwrap();
            assert_eq!(readable(coding, &output), text);
            if coding == Coding::Zstd {
                let mut decoder = zstd::stream::read::Decoder::new(&output[..]).unwrap();
                decoder.window_log_max(ZSTD_WINDOW).unwrap();
                assert_eq!(decoder.read_to_end(&mut Vec::new()).unwrap(), text.len());
            }
        }
    }
}
