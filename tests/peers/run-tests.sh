#!/usr/bin/env bash
# Runs every test, and sums up: how many passed, and what was skipped. Nothing may be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skipped=target/tmp/skipped
output=target/tmp/test-output
mkdir -p target/tmp
rm -f "$skipped"
export CERTKIT_REQUIRE_PEERS=1
# The examples in the documentation first, so that the summary that counts stands last.
{
    cargo test --locked --doc
    cargo test --locked --tests
} </dev/null 2>&1 | tee "$output"

awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     END { printf "\ntests: %d passed, %d failed, %d ignored\n", passed, failed, ignored }' "$output"
if [ -s "$skipped" ]; then
    echo 'skipped:'
    cat "$skipped"
    exit 1
fi
if [ -z "${CERTKIT_LIMBO:-}" ]; then
    echo 'not run: x509-limbo, whose file is no part of this repository (CERTKIT_LIMBO names it)'
    echo 'skipped of what is here: nothing'
else
    echo 'skipped: nothing'
fi
