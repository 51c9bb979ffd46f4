#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rust's rayon: the crate that Debian packages, without a network; or else that of the
# registry.  How it is called: ../README.md
set -eu
debian=/usr/share/cargo/registry

# Debian's version of the crate, nothing where it is not installed.
packaged() {
    for folder in "$debian"/rayon-[0-9]*; do
        [ ! -e "$folder/Cargo.toml" ] || echo "${folder#"$debian"/rayon-}"
    done
}

check() {
    command -v cargo >/dev/null || { echo "there is no cargo (Debian: cargo)"; exit 3; }
    rust=$(rustc --version)
    found=$(packaged)
    [ -z "$found" ] || { echo "rayon $found (Debian), $rust"; return; }
    # A copy: cargo writes beside the manifest.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cp -R Cargo.toml src "$copy"
    cd "$copy"
    # Without a network it would try for a quarter of a minute, each time that it is asked.
    export CARGO_NET_RETRY=1 CARGO_HTTP_TIMEOUT=10
    cargo fetch --quiet --offline 2>/dev/null || cargo fetch --quiet 2>/dev/null ||
        { echo "there is no rayon, and no registry to ask (Debian: librust-rayon-dev)"; exit 3; }
    found=$(awk '/^name = "rayon"/ { getline; gsub(/"/, ""); print $3 }' Cargo.lock)
    echo "rayon $found, $rust"
}

# Vectors of 512 bits are in the language since 1.89.
wide() {
    rustc --version | awk '{ split($2, v, "."); exit !(v[1] > 1 || v[2] >= 89) }'
}

build() {
    mkdir -p "$1/crate/.cargo"
    rm -rf "$1/crate/src" "$1/crate/Cargo.lock" "$1/crate/.cargo/config.toml"
    cp -R Cargo.toml src "$1/crate"
    if [ -n "$(packaged)" ]; then
        printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "%s"\n' \
            "$debian" >"$1/crate/.cargo/config.toml"
    fi
    ! wide || export RUSTFLAGS="--cfg wide"
    (cd "$1/crate" && cargo build --quiet --release)
    cp "$1/crate/target/release/peer" "$1/peer"
}

"$@"
