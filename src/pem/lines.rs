//! Counting lines.

/// Line numbers of rising offsets. LF, CR LF and a lone CR each end a line.
pub(super) struct LineCounter<'a> {
    text: &'a [u8],
    offset: usize,
    line: usize,
    first: usize,
}

impl<'a> LineCounter<'a> {
    /// Counts from the line behind `lines_before` others.
    pub(super) fn new(text: &'a [u8], lines_before: usize) -> Self {
        Self { text, offset: 0, line: lines_before + 1, first: lines_before + 1 }
    }

    /// The line of `offset`. Going back costs a fresh count, so callers ask in rising order where it matters.
    pub(super) fn at(&mut self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        if offset < self.offset {
            (self.offset, self.line) = (0, self.first);
        }
        let ends = self.text[self.offset..offset].iter().enumerate().filter(|&(index, &byte)| match byte {
            b'\n' => true,
            b'\r' => self.text.get(self.offset + index + 1) != Some(&b'\n'),
            _ => false,
        });
        self.line += ends.count();
        self.offset = offset;
        self.line
    }
}
