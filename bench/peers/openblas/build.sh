#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenBLAS's product of matrices.  How it is called: ../README.md
set -eu

# describe PROGRAM: what the library says of itself, with the kernel that it takes; the
# program stays.
describe() {
    printf '%s\n' '#include <cblas.h>' '#include <stdio.h>' \
        'int main(void) { return puts(openblas_get_config()) < 0; }' |
        gcc -x c - -o "$1" -lopenblas 2>/dev/null && "$1"
}

# kernel PROGRAM: the kernel to ask for, or nothing.  A processor that is newer than the
# library gets the kernel of Prescott, the oldest one, where OPENBLAS_CORETYPE, which is
# the user's, asks for no other.
kernel() {
    [ -z "${OPENBLAS_CORETYPE:-}" ] || return 0
    case $(describe "$1") in
        *Prescott*) ;;
        *) return 0 ;;
    esac
    if grep -qw avx512vl /proc/cpuinfo; then
        echo SkylakeX
    elif grep -qw avx2 /proc/cpuinfo; then
        echo Haswell
    fi
}

check() {
    command -v gcc >/dev/null || { echo "there is no gcc (Debian: gcc)"; exit 3; }
    program=$(mktemp)
    trap 'rm -f "$program"' EXIT
    describe "$program" >/dev/null ||
        { echo "there is no OpenBLAS (Debian: libopenblas-dev)"; exit 3; }
    asked=$(kernel "$program")
    OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-$asked} "$program"
}

build() {
    gcc -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE -I../../.. openblas.c \
        ../common/*.c ../../kernels/*.c -o "$1/openblas" -lopenblas -lnettle -lm
    asked=$(kernel "$1/described")
    cat >"$1/peer" <<END
#!/bin/sh
export OPENBLAS_CORETYPE=\${OPENBLAS_CORETYPE:-$asked}
[ -n "\$OPENBLAS_CORETYPE" ] || unset OPENBLAS_CORETYPE
exec "$1/openblas" "\$@"
END
    chmod +x "$1/peer"
}

"$@"
