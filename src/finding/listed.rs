//! Names as part of a sentence.

/// Names that a sentence has.
const MOST: usize = 3;

/// The first few names in backquotes, and how many more there are.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_a_few_names() {
        let names = |count: usize| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>();
        assert_eq!(listed(&names(1)), "`n0`");
        assert_eq!(listed(&names(3)), "`n0`, `n1`, `n2`");
        assert_eq!(listed(&names(30)), "`n0`, `n1`, `n2` and 27 more");
    }
}
