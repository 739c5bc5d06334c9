# What a developer types. `.ci/run` runs `make lint`, `make test` and `make fuzz-smoke`, the last two at the same time;
# nothing is checked elsewhere.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: test soak oracle compare lint bench completions map settings fuzz fuzz-smoke

# Installs the peers and runs every test beside them; sums up at the end. One test: cargo test --locked NAME.
test:
	@tests/peers/install.sh test
	@tests/peers/run-tests.sh

# What must hold every time: 100 names while an ACME server refuses a fifth of all nonces, twenty times over; 500,000 mixed
# requests, with memory that stays flat; certificates and settings that are replaced for a minute under load.
soak:
	@tests/peers/install.sh test
	CERTKIT_REQUIRE_PEERS=1 CERTKIT_ACME_RUNS=20 cargo test --locked --test integration -- acme_faults::a_hundred_names
	CERTKIT_REQUIRE_PEERS=1 CERTKIT_SOAK_REQUESTS=500000 cargo test --locked --test integration -- serve_soak::
	CERTKIT_REQUIRE_PEERS=1 CERTKIT_SWAP_SECONDS=60 cargo test --locked --test integration -- serve_tls::swaps::

# 100,000 random chains of a seed that is printed, judged by certkit and by every client: docs/oracle.md. One run again:
# ORACLE_SEED=7 ORACLE_CASES=5000 make oracle.
oracle:
	@tests/peers/install.sh test
	ORACLE_SEED=$${ORACLE_SEED:-$$(date +%s)} ORACLE_CASES=$${ORACLE_CASES:-100000} CERTKIT_REQUIRE_PEERS=1 \
	    cargo test --locked --test integration -- --nocapture oracle::random_chains

# The servers of docs/servers-compared.md also by testssl, which takes two minutes for each.
compare:
	@tests/peers/install.sh test
	CERTKIT_TESTSSL=1 CERTKIT_REQUIRE_PEERS=1 cargo test --locked --test integration -- servers_compared::

# Format, lints, documentation, dependencies. Clippy runs three times: the second time without what only tests and
# fuzz targets use, the third without the APIs of DNS providers.
lint:
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --locked --no-deps --document-private-items
	@if cargo deny --version >/dev/null 2>&1; then \
	    cargo deny check bans licenses sources; \
	else \
	    echo 'lint: cargo-deny is not installed: bans, licences and sources of dependencies are NOT checked'; \
	fi

# Speed and memory of the release build beside its peers, as ratios.
bench:
	@tests/peers/install.sh bench
	cargo build --locked --release
	@target/peers/venv/bin/python benches/run.py

# One fuzz target for so long: make fuzz TARGET=reader SECONDS=600.
fuzz:
	@fuzz/run.sh "$(TARGET)" "$(SECONDS)"

# Every fuzz target for a few seconds, on testdata and on inputs that once failed.
fuzz-smoke:
	@fuzz/run.sh smoke

# The map in src/lib.rs, from the table of the architecture test.
map:
	CERTKIT_UPDATE=1 cargo test --locked --test integration -- architecture::the_map

# docs/settings.md and docs/uwsgi.md, from the tables of settings and of options.
settings:
	CERTKIT_UPDATE=1 cargo test --locked --lib page_is_current

# The files under completions/, from the same definitions as --help.
completions:
	cargo build --locked
	@mkdir -p completions
	target/debug/certkit completions bash > completions/certkit.bash
	target/debug/certkit completions elvish > completions/certkit.elv
	target/debug/certkit completions fish > completions/certkit.fish
	target/debug/certkit completions powershell > completions/certkit.ps1
	target/debug/certkit completions zsh > completions/_certkit
	rm -rf completions/man
	target/debug/certkit man completions/man
