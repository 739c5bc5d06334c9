//! Content codings of responses.

/// The codings that responses get where their client accepts them; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompressionConfig {
    pub gzip: bool,
    pub zstd: bool,
}
