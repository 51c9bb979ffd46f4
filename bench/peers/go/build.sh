#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Go's goroutines; the standard library and nothing else.  How it is called: ../README.md
set -eu

check() {
    command -v go >/dev/null || { echo "there is no go (Debian: golang-go)"; exit 3; }
    go version
}

build() {
    GOCACHE=$1/cache GOTOOLCHAIN=local go build -trimpath -buildvcs=false -o "$1/peer" .
}

"$@"
