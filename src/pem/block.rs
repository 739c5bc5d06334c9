//! One PEM block, and what was wrong with it.

use zeroize::Zeroizing;

/// One block and where it was.
#[derive(Clone, Debug)]
pub struct PemBlock {
    /// The text between `BEGIN ` and the dashes, such as `CERTIFICATE`.
    pub label: String,
    /// The decoded bytes. They may be a private key, so they are wiped after use.
    pub der: Zeroizing<Vec<u8>>,
    /// `Name: value` lines before the base64 text, as `Proc-Type: 4,ENCRYPTED` (RFC 1421 section 4.6).
    pub headers: Vec<(String, String)>,
    /// First and last line in the text, counted from 1.
    pub lines: (usize, usize),
}

impl PemBlock {
    /// Whether the block says that it is a certificate, under today's label or an old one.
    pub fn is_certificate(&self) -> bool {
        matches!(self.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
    }

    /// Whether the block says that it is a private key of any kind.
    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// Something that strict readers reject and [`super::scan()`] repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub kind: DamageKind,
    /// The first line where it was seen, counted from 1.
    pub line: usize,
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DamageKind {
    /// Empty lines inside a block.
    BlankLines,
    /// A byte order mark, at the start or where two files were put together.
    ByteOrderMark,
    CarriageReturns,
    /// Characters written as HTML, JSON, URL or string of a program.
    Escaped,
    /// An END line and the next BEGIN line without a line break between them.
    Glued,
    /// Blanks, tabs or mail quote marks before the lines.
    Indented,
    /// The characters `\n` instead of line breaks, from a JSON or .env file.
    LiteralEscapes,
    /// Base64 lines that are not 64 columns wide.
    LineLength,
    /// Carriage returns alone as line ends.
    LoneCarriageReturns,
    /// No line break after the last line.
    MissingFinalNewline,
    /// Blanks that are not plain ones, or characters without width, from a web page.
    OddBlanks,
    /// A block on one line with its BEGIN and END.
    OneLine,
    /// Zero bytes or Ctrl-Z.
    Padding,
    TextAround,
}

impl DamageKind {
    /// What it is, in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlankLines => "empty lines inside a block",
            Self::ByteOrderMark => "a byte order mark",
            Self::CarriageReturns => "Windows line ends",
            Self::Escaped => "escaped characters, as in web pages, JSON or program code",
            Self::Glued => "END and BEGIN on the same line",
            Self::Indented => "indented or quoted lines",
            Self::LiteralEscapes => "the characters \\n instead of line breaks",
            Self::LineLength => "base64 lines that are not 64 columns wide",
            Self::LoneCarriageReturns => "carriage returns alone as line ends",
            Self::MissingFinalNewline => "no newline at the end of the file",
            Self::OddBlanks => "odd blanks or invisible characters",
            Self::OneLine => "a block all on one line",
            Self::Padding => "zero bytes or Ctrl-Z",
            Self::TextAround => "text around the blocks",
        }
    }

    /// Whether openssl's reader, which most servers use, cannot read the block or the one behind it. Tried with
    /// OpenSSL 3.0.
    pub const fn breaks_openssl(self) -> bool {
        matches!(
            self,
            Self::BlankLines
                | Self::Escaped
                | Self::Glued
                | Self::Indented
                | Self::LiteralEscapes
                | Self::LoneCarriageReturns
                | Self::OddBlanks
                | Self::OneLine
        )
    }
}
