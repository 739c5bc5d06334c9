//! The ledger of a CA: any bytes are read, and what is read is written and read the same.
#![no_main]

use std::path::Path;

use certkit::internals::ca::{Event, Records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let read = |text: &[u8]| Records::read(text, Path::new("ledger.jsonl"), |_| true);
    let whole = [data, b"\n"].concat();
    for text in [data, &whole] {
        let records = read(text);
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        assert!(records.issued.len() + records.broken.len() <= lines);
        assert!(records.broken.iter().all(|broken| (1..=lines).contains(&broken.line)));
        assert!(records.entries().len() <= records.revoked.iter().count());
        for (ca, serial, at, reason) in records.revoked.iter() {
            let event =
                Event::Revoked { ca: ca.to_owned(), serial: serial.to_owned(), at, reason, imported: true };
            let again = read(&event.line().expect("it was read"));
            assert_eq!(again.revoked.of(ca, serial).map(|(_, reason)| reason), Some(reason));
        }
        for record in &records.issued {
            let line = Event::Issued(Box::new(record.clone())).line().expect("it was read");
            let again = read(&line);
            assert!(again.broken.is_empty());
            // A line has whole seconds.
            let [known] = &again.issued[..] else { panic!("{again:?}") };
            assert_eq!(
                (&known.serial, &known.names, &known.certificate),
                (&record.serial, &record.names, &record.certificate)
            );
            assert_eq!(Event::Issued(Box::new(known.clone())).line().ok(), Some(line));
            if let Some(key) = &record.key_sha256 {
                let _ = records.is_compromised(key);
            }
        }
    }
});
