//! What the fuzz targets share: DER that stays well-formed when it is mutated, and certificates with real signatures
//! made from the fuzzer's bytes.

pub mod chains;
pub mod der;

/// Takes what it needs from the front of the fuzzer's bytes; zeros when they are used up, so that every input means
/// something.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
            None => 0,
        }
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u8) -> bool {
        // Not zero: the end of the input stands for what is usual.
        self.below(n) == n - 1
    }

    /// One of these.
    pub fn one_of<'t, T: ?Sized>(&mut self, choices: &[&'t T]) -> &'t T {
        let length = u8::try_from(choices.len()).expect("a few choices");
        choices[usize::from(self.below(length))]
    }

    /// Up to `most` bytes, as many as the next byte says.
    pub fn some(&mut self, most: usize) -> &'a [u8] {
        let length = usize::from(self.byte()).min(most).min(self.0.len());
        let (some, rest) = self.0.split_at(length);
        self.0 = rest;
        some
    }

    /// Whether all are used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
