#!/usr/bin/env bash
# Builds and runs the fuzz targets, guided by coverage, on the stable compiler.
#
#   fuzz/run.sh TARGET SECONDS      one target for so long; what it learns is kept in fuzz/corpus/TARGET, and an input
#                                   that fails in fuzz/artifacts/TARGET: fix it, then keep it in fuzz/regressions/TARGET
#   fuzz/run.sh TARGET FILE...      these inputs alone, once each, as to see a crash again
#   fuzz/run.sh smoke               every target: all seeds and regressions once, then a few seconds of fuzzing
#
# `cargo fuzz` wants a nightly compiler for the address sanitizer only, and there is no unsafe code here. What guides
# the fuzzer is an LLVM pass and its arguments, which are stable options of rustc; so is everything below.
set -euo pipefail
arguments=("${1:-}")
for argument in "${@:2}"; do
    # Files are named from where the caller stands.
    [ ! -e "$argument" ] || argument=$(realpath "$argument")
    arguments+=("$argument")
done
cd "$(dirname "${BASH_SOURCE[0]}")"

targets=(reader der names path http1_guard request_path uwsgi marshal uwsgi_ini wire keeper_message ajp proxy_header
         upstream rules beside access ocsp journal ledger acme_server foreign_settings persistent_record)
host=$(rustc -vV | sed -n 's/^host: //p')
built=target/$host/release

main() {
    case ${1:-} in
    smoke) smoke ;;
    smoke-one) smoke_one "$2" ;;
    '' | -*) usage ;;
    *) [ -e "fuzz_targets/$1.rs" ] && [ $# -gt 1 ] || usage; one "$@" ;;
    esac
}

usage() {
    echo "usage: fuzz/run.sh TARGET SECONDS|FILE...   or   fuzz/run.sh smoke" >&2
    echo "targets: ${targets[*]}" >&2
    exit 2
}

one() {
    build
    if [ -e "${2:-}" ]; then
        exec "$built/$1" "${limits[@]}" "${@:2}"
    fi
    python3 seed.py corpus
    fuzz "$1" corpus -max_total_time="$2"
}

smoke() {
    build
    # A fresh corpus each time: what a longer run has learnt would make this one long as well.
    rm -rf target/smoke
    python3 seed.py target/smoke
    # As many at a time as there are cores; xargs fails when one of them does.
    printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I TARGET ./run.sh smoke-one TARGET
}

smoke_one() {
    local log=target/smoke/$1.log
    if ! fuzz "$1" target/smoke -max_total_time=6 >"$log" 2>&1; then
        cat "$log"
        exit 1
    fi
    printf 'fuzz: %s: %s\n' "$1" "$(sed -n 's/^Done \(.*\)/\1/p' "$log")"
}

# An input may take 30 s at most, as on a machine that runs all tests meanwhile, and 2 GiB; 64 KiB are enough for any
# form of file.
limits=(-timeout=30 -rss_limit_mb=2048 -max_len=65536)

# A target and the folder of its inputs, to which new ones are added; then options of libFuzzer.
fuzz() {
    local target=$1 corpus=$2
    mkdir -p "$corpus/$target" "regressions/$target" "artifacts/$target"
    "$built/$target" "${limits[@]}" -artifact_prefix="artifacts/$target/" -print_final_stats=1 "${@:3}" \
        "$corpus/$target" "regressions/$target"
}

build() {
    local flags='-Cpasses=sancov-module -Ccodegen-units=1' argument
    for argument in level=4 inline-8bit-counters pc-table trace-compares; do
        flags+=" -Cllvm-args=-sanitizer-coverage-$argument"
    done
    # The versions of the product, and whatever the fuzzer needs besides.
    [ Cargo.lock -nt ../Cargo.lock ] || cp ../Cargo.lock Cargo.lock
    # With --target the flags are for what is fuzzed alone, not for build scripts and macros.
    RUSTFLAGS=$flags cargo build --release --target "$host"
}

main "${arguments[@]}"
