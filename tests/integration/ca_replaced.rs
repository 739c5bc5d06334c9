//! A CA that `mkca --force` replaced: its certificates can still be revoked, by the files that were kept of it.

use crate::ca_renewed::{next, run_printed};
use crate::harness::Test;
use crate::peers::peer;

#[test]
fn certificates_of_a_replaced_ca_are_revoked_by_its_backup() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkca", "--force"]).exits(0);
    test.certkit(&["revoke", "server.crt"]).exits(2).says("--ca-key");
    let old = ["--ca", "ca.crt.bak", "--ca-key", "ca.key.bak"];
    let revoke = ["revoke", "server.crt", "--reason", "keyCompromise", "--format", "json"];
    let ran = test.certkit(&[&revoke[..], &old].concat()).exits(0);
    let [list] = next(&ran).try_into().unwrap();
    assert_eq!(list, "certkit crl --ca ca.crt.bak --ca-key ca.key.bak");
    run_printed(&test, &list).exits(0).says("1 certificate revoked");
    if let Some(openssl) = peer("openssl") {
        let verify =
            ["verify", "-crl_check", "-CAfile", "ca.crt.bak", "-CRLfile", "ca.crt.crl", "server.crt"];
        test.run(openssl, &verify).exits(2).says("certificate revoked");
    }
    // The new CA issues nothing for that key.
    test.certkit(&["mkcert", "b.test", "-o", "b", "--key", "server.key"]).exits(2).says("others may know");
}
