//! Rust source as tokens, as far as the tests of this folder need it: words, signs, strings and comments with their lines.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenClass {
    /// `//`, `///`, `//!` or a block; the text is without its marks.
    Comment,
    /// A character, a lifetime or a number.
    Other,
    /// One character that is none of the others.
    Sign,
    /// A string of any form; the text is what stands between its quotes.
    Text,
    /// An identifier or a keyword.
    Word,
}

/// One token and the line it begins in.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) class: TokenClass,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// Whether it is this identifier or keyword.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.class == TokenClass::Word && self.text == word
    }

    /// Whether it is this sign.
    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.class == TokenClass::Sign && self.text.starts_with(sign)
    }
}

/// All tokens of a file.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: source, line: 1, found: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.found
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().unwrap();
        if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            let text = rest[..end].trim_start_matches('/').trim_start_matches('!');
            self.take(TokenClass::Comment, end, text);
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            self.take(TokenClass::Comment, end, &rest[2..end.saturating_sub(2).max(2)]);
        } else if let Some((start, end, length)) = string(rest) {
            self.take(TokenClass::Text, length, &rest[start..end]);
        } else if first == '\'' {
            self.take(TokenClass::Other, quoted(rest), "");
        } else if first.is_ascii_digit() {
            self.take(TokenClass::Other, number(rest), "");
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.take(TokenClass::Word, end, &rest[..end]);
        } else {
            self.take(TokenClass::Sign, first.len_utf8(), &rest[..first.len_utf8()]);
        }
    }

    fn take(&mut self, class: TokenClass, length: usize, text: &str) {
        self.found.push(Token { class, text: text.to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }
}

/// Where the contents of a string begin and end and where the whole ends: `"x"`, `b"x"`, `c"x"`, `r#"x"#`, `br"x"`.
fn string(rest: &str) -> Option<(usize, usize, usize)> {
    let prefix = rest.find(|c: char| !matches!(c, 'b' | 'c' | 'r'))?;
    if prefix > 2 {
        return None;
    }
    let raw = rest[..prefix].ends_with('r');
    let hashes = rest[prefix..].len() - rest[prefix..].trim_start_matches('#').len();
    let start = prefix + hashes + 1;
    if !rest[prefix + hashes..].starts_with('"') || (hashes > 0 && !raw) {
        return None;
    }
    if raw {
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = start + rest[start..].find(&closing)?;
        return Some((start, end, end + closing.len()));
    }
    let mut escaped = false;
    let length = rest[start..].find(|c: char| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some((start, start + length, start + length + 1))
}

/// The length of `'x'`, `'\n'`, `'\u{1F600}'` or a lifetime.
fn quoted(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            // The escaped character may be a quote itself.
            let closing = characters.skip(1).find(|(_, c)| *c == '\'');
            closing.map_or(rest.len(), |(end, _)| end + 1)
        }
        Some(_) if characters.next().is_some_and(|(_, c)| c == '\'') => {
            1 + rest[1..].find('\'').map_or(0, |end| end + 1)
        }
        _ => 1 + rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1),
    }
}

/// The length of a number; the second dot of `1..2` and a method call on a number do not belong to it.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut end = 1;
    while let Some(byte) = bytes.get(end) {
        let fraction = *byte == b'.' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !fraction && !byte.is_ascii_alphanumeric() && *byte != b'_' {
            break;
        }
        end += 1;
    }
    end
}

#[test]
fn source_is_cut_into_tokens() {
    let source = "// a \"b\"\nlet x = r#\"c \"d\" '\"# + b\"e\\\"f\" + '\\'' + '\"' + 'g' as &'h str + 1..2.5e3; /* i */";
    let found = tokens(source);
    let of = |class| -> Vec<_> {
        found.iter().filter(|token| token.class == class).map(|token| token.text.trim()).collect()
    };
    assert_eq!(of(TokenClass::Comment), ["a \"b\"", "i"]);
    assert_eq!(of(TokenClass::Text), ["c \"d\" '", "e\\\"f"]);
    assert_eq!(of(TokenClass::Word), ["let", "x", "as", "str"]);
    assert_eq!(of(TokenClass::Sign).concat(), "=++++&+..;");
    assert!(found[1].line == 2 && found[1].is_word("let"));
}
