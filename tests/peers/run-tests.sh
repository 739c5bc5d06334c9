#!/usr/bin/env bash
# Runs every test, also after a failure, and sums up: what passed, what failed, what was skipped and why.
#
# usage: run-tests.sh [ARGUMENTS OF cargo test...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skipped=target/tmp/skipped
output=target/tmp/test-output
mkdir -p target/tmp
rm -f "$skipped"
# A peer that is missing fails its test.
export CERTKIT_REQUIRE_PEERS=1
# Most tests wait for another program most of the time: more of them at once than there are cores.
: "${RUST_TEST_THREADS:=$((2 * $(nproc) + 2))}"
export RUST_TEST_THREADS

status=0
cargo test --locked --no-fail-fast "$@" </dev/null 2>&1 | tee "$output" || status=$?

echo
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     END { printf "tests: %d passed, %d failed, %d ignored\n", passed, failed, ignored }' "$output"
failed=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/    \1/p' "$output")
if [ -n "$failed" ]; then
    printf 'failed:\n%s\n' "$failed"
elif [ "$status" != 0 ]; then
    echo 'failed: not every test ran; see the error above'
fi
if [ -s "$skipped" ]; then
    echo 'skipped:'
    sort -u "$skipped" | sed 's/^/    /'
fi
if [ -z "${CERTKIT_LIMBO:-}" ]; then
    echo 'not run: x509-limbo, whose file is not part of this repository (CERTKIT_LIMBO names it)'
fi
if [ -z "${CERTKIT_ACMESH:-}" ]; then
    echo 'not run: a DNS script of acme.sh itself, whose folder is not part of this repository (CERTKIT_ACMESH names it)'
fi
exit "$status"
