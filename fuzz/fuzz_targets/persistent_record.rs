//! TXT records for dns-persist-01: read or refused, what is read is written the same, and none proves what it does not say.
#![no_main]

use certkit::internals::acme::challenge::{PersistentRecord, RecordDemand};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|data: &[u8]| {
    let demand = RecordDemand {
        issuers: vec!["ca.example".to_owned()],
        account_uris: vec!["https://ca.example/acct/1".to_owned()],
        is_wildcard: true,
    };
    if let Ok(record) = PersistentRecord::parse(data) {
        assert_eq!(PersistentRecord::parse(record.to_string().as_bytes()).as_ref(), Ok(&record));
        assert!(record.strings().iter().all(|text| text.len() <= 255));
        assert_eq!(record.strings().concat(), record.to_string());
    }
    let now = OffsetDateTime::from_unix_timestamp(1_000_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    if let Ok(record) = demand.judge(data.split(|&byte| byte == 0), now) {
        assert!(record.is_wildcard && demand.issuers.contains(&record.issuer));
        assert!(demand.account_uris.contains(&record.account_uri));
        assert!(record.until.is_none_or(|until| until >= now.unix_timestamp()));
    }
});
