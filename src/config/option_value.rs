//! How uWSGI understands values.

/// The number at the beginning of a text, after spaces and a sign: what is behind it does not count. Zero where there is
/// none.
pub fn integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = leading_digits(digits)
        .bytes()
        .try_fold(0_i64, |number, digit| number.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
    let number = number.unwrap_or(i64::MAX);
    if is_negative { -number } else { number }
}

/// The digits at the beginning of a text.
pub fn leading_digits(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Everything is true except these four, in upper or lower case.
pub fn is_true(value: &str) -> bool {
    !["false", "off", "no", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_their_leading_digits() {
        for (text, number) in [
            ("4", 4),
            ("4   ; remark", 4),
            (" +4x", 4),
            ("-4", -4),
            ("", 0),
            ("many", 0),
            ("32k", 32),
            ("99999999999999999999", i64::MAX),
        ] {
            assert_eq!(integer(text), number, "{text}");
        }
    }

    #[test]
    fn four_values_are_false() {
        for value in ["false", "off", "no", "0", "False", "NO"] {
            assert!(!is_true(value), "{value}");
        }
        for value in ["", "true", "1", "none", "false ; x", "00"] {
            assert!(is_true(value), "{value}");
        }
    }
}
