//! Which word was meant by one that does not exist.

/// As in uWSGI's own option files: two wrong letters are a slip, three are another word.
const MOST_EDITS: usize = 2;
/// Letters of a short word.
const SHORT: usize = 4;

/// The most similar of the `known` words, if one is similar enough.
pub(super) fn similar(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = word.replace('_', "-");
    let length = word.chars().count();
    // In a short word, two other letters make any word of any other.
    let most = (length / 3).clamp(1, MOST_EDITS);
    // The first letter is rarely wrong: `psgi` is not `wsgi`. Nor is a short word with another letter a slip: `foo`, `for`.
    let is_likely = |known: &&str| {
        let has_all_letters = length > SHORT || known.len() != word.len() || letters(known) == letters(&word);
        known.chars().next() == word.chars().next() && has_all_letters
    };
    // Another length is another word already; the distance itself takes time.
    known
        .filter(|known| known.len().abs_diff(word.len()) <= most)
        .filter(is_likely)
        .map(|known| (strsim::osa_distance(&word, known), known))
        .filter(|(distance, known)| *distance <= most && known.len() > 1)
        .min()
        .map(|(_, known)| known)
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<_> = word.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["chdir", "env", "for", "limit-post", "pp", "threads", "workers", "wsgi"];
        let similar = |word| similar(word, known.into_iter());
        for (word, meant) in
            [("wokers", "workers"), ("limit_post", "limit-post"), ("cdir", "chdir"), ("evn", "env")]
        {
            assert_eq!(similar(word), Some(meant));
        }
        for word in ["", "x", "abc", "app", "foo", "project", "psgi", "rbthreads", "wrks"] {
            assert_eq!(similar(word), None, "{word}");
        }
    }
}
