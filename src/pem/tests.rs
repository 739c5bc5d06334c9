//! The scanner on damaged text.

use proptest::prelude::*;

use super::block::DamageKind;
use super::scan::{Error, MAX_ERRORS, scan};

fn block(label: &str, der: &[u8]) -> String {
    let mut out = String::new();
    super::write(&mut out, label, der);
    out
}

fn two() -> String {
    block("CERTIFICATE", &[1; 100]) + &block("CERTIFICATE", &[2; 100])
}

/// Scans, wants exactly the two blocks of [`two`], and gives the kinds of damage.
fn repaired(text: &[u8]) -> Vec<DamageKind> {
    let scan = scan(text);
    assert_eq!(scan.errors, []);
    let der: Vec<_> = scan.blocks.iter().map(|block| block.der.to_vec()).collect();
    assert_eq!(der, [vec![1; 100], vec![2; 100]]);
    scan.damages.iter().map(|damage| damage.kind).collect()
}

#[test]
fn clean_text_has_no_damage() {
    let text = two();
    assert_eq!(repaired(text.as_bytes()), []);
    let scan = scan(text.as_bytes());
    assert_eq!(scan.blocks[0].lines, (1, 5));
    assert_eq!(scan.blocks[1].lines, (6, 10));
    assert_eq!(text.lines().nth(5), Some("-----BEGIN CERTIFICATE-----"));
    assert_eq!(text.lines().nth(9), Some("-----END CERTIFICATE-----"));
}

#[test]
fn common_damages_are_repaired() {
    use DamageKind::*;
    let clean = two();
    let with = |from: &str, to: &str| repaired(clean.replace(from, to).as_bytes());
    assert_eq!(with("-----\n-----BEGIN", "----------BEGIN"), [Glued]);
    assert_eq!(with("\n", "\r\n"), [CarriageReturns]);
    assert_eq!(with("\n", "\r"), [LoneCarriageReturns]);
    assert_eq!(repaired(clean.trim_end().as_bytes()), [MissingFinalNewline]);
    assert_eq!(repaired(format!("\u{feff}{clean}").as_bytes()), [ByteOrderMark]);
    assert_eq!(with("-----\n-----BEGIN", "-----\n\u{feff}-----BEGIN"), [ByteOrderMark]);
    assert_eq!(repaired(format!("Dear customer,\n{clean}regards\n").as_bytes()), [TextAround]);
    assert_eq!(with("\n", "\n\n"), [BlankLines]);
    assert_eq!(with("\n", " \t\n"), []);
    assert_eq!(with("\n", "\n "), [Indented, MissingFinalNewline]);
    assert_eq!(
        repaired(format!("> {}", clean.trim_end().replace('\n', "\n> ") + "\n").as_bytes()),
        [Indented]
    );
    assert!(with("\n", "\\n").contains(&LiteralEscapes));
    assert!(with("\n", " ").contains(&OneLine));
    assert_eq!(repaired(&[clean.as_bytes(), &[0x1a, 0, 0]].concat()), [MissingFinalNewline, Padding]);
}

#[test]
fn a_quoted_end_is_not_damage_of_the_body() {
    // Headers of an encrypted key are kept apart from the text.
    let text = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
    let scan = scan(text.as_bytes());
    assert_eq!(scan.blocks[0].headers[0], ("Proc-Type".into(), "4,ENCRYPTED".into()));
    assert_eq!(*scan.blocks[0].der, [0, 0, 0]);
}

#[test]
fn damage_beyond_repair_is_an_error_with_its_line() {
    let error = |text: &str| scan(text.as_bytes()).errors[0].clone();
    let clean = block("CERTIFICATE", &[1; 100]);
    assert_eq!(error(&clean[..80]), Error::Truncated { line: 1 });
    assert_eq!(error(&format!("{}{clean}", &clean[..80])), Error::Truncated { line: 1 });
    assert_eq!(error(&clean.replacen("AQ", "A!", 1)), Error::Character { line: 2, character: '!' });
    assert_eq!(error(&clean.replacen("AQEB", "AQE", 1)), Error::Base64 { line: 1 });
    assert_eq!(error("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), Error::Base64 { line: 1 });
    assert!(matches!(
        error(&clean.replace("END CERTIFICATE", "END X509 CRL")),
        Error::LabelMismatch { line: 5, .. }
    ));
}

#[test]
fn a_flood_of_begin_lines_costs_little() {
    let text = "-----BEGIN CERTIFICATE-----\n".repeat(200_000);
    assert_eq!(scan(text.as_bytes()).errors.len(), MAX_ERRORS);
}

#[test]
fn floods_of_other_kinds_cost_little() {
    // Each took minutes, or a gigabyte, while its cost rose with the square of the length.
    assert!(scan(&b"-----END ".repeat(500_000)).blocks.is_empty());
    assert!(scan(&b"-----BEGIN ".repeat(500_000)).blocks.is_empty());
    let headers = format!("-----BEGIN X-----\n{}AAAA\n-----END X-----\n", "a: b\n".repeat(500_000));
    assert!(scan(headers.as_bytes()).blocks[0].headers.len() < 100);
}

proptest! {
    #[test]
    fn no_byte_string_panics(text in proptest::collection::vec(any::<u8>(), 0..2000)) {
        scan(&text);
    }

    #[test]
    fn no_mixture_of_pieces_panics(pieces in proptest::collection::vec(
        prop_oneof![
            Just("-----BEGIN CERTIFICATE-----"), Just("-----END CERTIFICATE-----"), Just("-----BEGIN "),
            Just("-----END "), Just("-----"), Just("\n"), Just("\r"), Just("AAAA"), Just("\u{feff}"),
            Just("\\n"), Just("> "), Just("é"), Just("Proc-Type: 4"), Just("="), Just("\0"),
        ], 0..60)) {
        let text = pieces.concat();
        let scan = scan(text.as_bytes());
        for block in &scan.blocks {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert!(lines.split('\n').nth(block.lines.0 - 1).is_some_and(|line| line.contains("BEGIN")));
            prop_assert!(block.lines.0 <= block.lines.1);
        }
    }

    #[test]
    fn what_is_written_is_read(der in proptest::collection::vec(any::<u8>(), 1..500)) {
        let scan = scan(block("CERTIFICATE", &der).as_bytes());
        prop_assert_eq!(&*scan.blocks[0].der, &der);
        prop_assert!(scan.damages.is_empty() && scan.errors.is_empty());
    }
}
