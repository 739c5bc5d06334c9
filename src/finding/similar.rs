//! Which word was meant by one that does not exist.

/// Two wrong letters are a slip, three are another word.
const MOST_EDITS: usize = 2;

/// The most similar of the known words, if one is similar enough.
pub fn similar<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let measured = known.map(|known| (strsim::osa_distance(word, known), known));
    measured
        .filter(|(distance, known)| *distance <= MOST_EDITS.min(known.len() / 3))
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
        let similar = |word| similar(word, ["host", "chain", "chain_pem", "weak_key"].into_iter());
        for (word, meant) in
            [("hots", "host"), ("chains", "chain"), ("weak_keyy", "weak_key"), ("chain_pen", "chain_pem")]
        {
            assert_eq!(similar(word), Some(meant));
        }
        for word in ["", "id", "hat", "hatstand"] {
            assert_eq!(similar(word), None, "{word}");
        }
        assert_eq!(did_you_mean(similar("hots")), "; did you mean `host`?");
        assert_eq!(did_you_mean(None), "");
    }
}
