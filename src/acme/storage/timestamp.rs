//! Times in state files: RFC 3339 in UTC, as people read it.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{self, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, to the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub OffsetDateTime);

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self(time.truncate_to_second())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_offset(time::UtcOffset::UTC).format(&Rfc3339).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_read_back() {
        let time = Timestamp::from(datetime!(2026-11-20 12:00:00.5 UTC));
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(text, r#""2026-11-20T12:00:00Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), time);
        let elsewhere = serde_json::from_str::<Timestamp>(r#""2026-11-20T13:00:00+01:00""#).unwrap();
        assert_eq!(elsewhere, time);
        assert!(serde_json::from_str::<Timestamp>(r#""tomorrow""#).is_err());
    }
}
