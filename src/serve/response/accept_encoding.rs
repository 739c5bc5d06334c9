//! Accept-Encoding: which content codings a client wants (RFC 9110 section 12.5.3).

use http::{HeaderMap, header};

/// How much a client wants a coding, in thousandths: 0 is not at all. `names` are the coding and its aliases.
pub(super) fn weight(fields: &HeaderMap, names: &[&str]) -> u32 {
    named(fields, names).or_else(|| named(fields, &["*"])).unwrap_or(0)
}

/// How much it wants what has no coding, if it says so by name. Without a word about it such a response is acceptable,
/// and any coding that is wanted is better.
pub(super) fn identity_weight(fields: &HeaderMap) -> u32 {
    named(fields, &["identity"]).unwrap_or(0)
}

/// The weight of the first of these names that the client mentions.
fn named(fields: &HeaderMap, names: &[&str]) -> Option<u32> {
    let values = fields.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for offer in values.flat_map(|value| value.split(',')) {
        let (coding, weight) = offer.split_once(';').unwrap_or((offer, ""));
        if names.iter().any(|name| coding.trim().eq_ignore_ascii_case(name)) {
            let weight = weight.trim();
            let number = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="));
            return Some(number.map_or(1000, thousandths));
        }
    }
    None
}

/// `0.5` is 500; what is not a weight is 0.
fn thousandths(text: &str) -> u32 {
    let text = text.trim();
    let is_weight = text.len() <= 5 && text.starts_with(['0', '1']);
    let weight = text.parse::<f32>().ok().filter(|weight| is_weight && (0.0..=1.0).contains(weight));
    // Between 0 and 1000.
    weight.map_or(0, |weight| (weight * 1000.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn accepting(value: &str) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for line in value.split('|') {
            fields.append(header::ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        fields
    }

    #[test]
    fn weights_of_codings() {
        for (value, gzip, identity) in [
            ("gzip", 1000, 0),
            ("br, GZip;q=0.5", 500, 0),
            ("x-gzip ; Q=0.25", 250, 0),
            ("br|gzip;q=1.000", 1000, 0),
            ("*", 1000, 0),
            ("gzip;q=0, *", 0, 0),
            ("*;q=0.1, identity;q=0.7", 100, 700),
            ("gzip;q=2", 0, 0),
            ("gzip;q=-0", 0, 0),
            ("gzip;q=nan", 0, 0),
            ("gzip;q=", 0, 0),
            ("gzipped", 0, 0),
            ("identity", 0, 1000),
            ("", 0, 0),
        ] {
            let fields = accepting(value);
            let weights = (weight(&fields, &["gzip", "x-gzip"]), identity_weight(&fields));
            assert_eq!(weights, (gzip, identity), "{value}");
        }
        assert_eq!(weight(&HeaderMap::new(), &["gzip"]), 0);
    }

    proptest! {
        #[test]
        fn no_weight_is_above_one(value in "[ -~]{0,60}|gzip ?;q=[0-9.e+-]{0,6}") {
            let fields = accepting(&value.replace('|', ""));
            prop_assert!(weight(&fields, &["gzip"]) <= 1000 && identity_weight(&fields) <= 1000);
        }
    }
}
