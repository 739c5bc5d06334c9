//! Which word was meant by one that does not exist.

/// As in uWSGI's own option files: two wrong letters are a slip, three are another word.
const MOST_EDITS: usize = 2;

/// The most similar of the `known` words, if one is similar enough.
pub(super) fn similar(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = word.replace('_', "-");
    // In a short word, two other letters make any word of any other.
    let most = (word.chars().count() / 3).clamp(1, MOST_EDITS);
    // Another length is another word already; the distance itself takes time.
    known
        .filter(|known| known.len().abs_diff(word.len()) <= most)
        .map(|known| (strsim::osa_distance(&word, known), known))
        .filter(|(distance, known)| *distance <= most && known.len() > 1)
        .min()
        .map(|(_, known)| known)
}

/// The question at the end of a sentence about a word that is unknown.
pub fn did_you_mean(similar: Option<&str>) -> String {
    similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["chdir", "env", "limit-post", "workers"];
        let similar = |word| similar(word, known.into_iter());
        for (word, meant) in
            [("wokers", "workers"), ("limit_post", "limit-post"), ("cdir", "chdir"), ("evn", "env")]
        {
            assert_eq!(similar(word), Some(meant));
        }
        for word in ["", "x", "abc", "project", "wrks"] {
            assert_eq!(similar(word), None, "{word}");
        }
    }
}
