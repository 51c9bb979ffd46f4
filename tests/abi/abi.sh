#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares the interface of libmagpie.so - its symbols, the types of its functions, the
# layout of its structs - with the interface written down in tests/abi/magpie.abi.
#
# usage: tests/abi/abi.sh            compares; any difference is a failure
#        tests/abi/abi.sh --update   writes down the interface of this tree
set -u
case $0 in */*) cd "${0%/*}/../.." || exit 1 ;; *) cd ../.. || exit 1 ;; esac
. tools/setup.sh
written=tests/abi/magpie.abi

# dump FILE: the interface of the library that was built, without what depends on the
# machine that built it.
dump() {
    abidw --suppressions tests/abi/private.abignore --exported-interfaces-only \
        --drop-undefined-syms --no-corpus-path --no-comp-dir-path --no-architecture \
        --no-elf-needed --no-show-locs --no-parameter-names --type-id-style hash \
        build/dev/libmagpie.so | sed "s| path='\(\.\./\)*| path='|" >"$1"
    grep -q "name='mag_vtask_get'" "$1"
}

# Prints the differences, if there are any, and then fails.
differ() {
    abidiff --no-default-suppression "$1" "$2"
}

if ! command -v abidw >/dev/null || ! command -v abidiff >/dev/null; then
    echo "skipped: there is no abidiff (Debian: abigail-tools)"
    echo "0 passed, 0 failed, 1 skipped"
    exit 77
fi
mag_build dev magpie-shared || exit 1
now=build/magpie.abi
dump $now || { echo "abidw did not read the library"; exit 1; }
if [ "${1-}" = --update ]; then
    cp $now $written
    echo "written: $written"
    exit 0
fi

passed=0 failed=0
if differ $written $now; then
    passed=$((passed + 1))
else
    echo "The interface is not that of $written.  If that is meant: tests/abi/abi.sh --update"
    failed=$((failed + 1))
fi
# The comparison must notice a symbol that is gone, and a struct that has grown.
for change in "s/'mag_vtask_get'/'mag_vtask_got'/g" \
    "s/\(name='mag_vtask' size-in-bits='\)128/\1192/"; do
    sed "$change" $now >build/changed.abi
    if differ $now build/changed.abi >build/changed.txt; then
        echo "abidiff did not object to $change"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
