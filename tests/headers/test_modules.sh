#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The headers as a header unit, and in the global fragment of a module: silent, and usable.
#
# usage: test_modules.sh LIBRARY-FOLDER
set -u
lib=$(cd "$1" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang="clang++-19"
if ! command -v $clang >/dev/null; then
    echo "skipped: there is no $clang"
    exit 77
fi
if ! [ -e "$lib/libmagpie.so" ] || grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$lib/CMakeCache.txt"; then
    echo "skipped: there is no library, or it is built with a sanitizer"
    exit 77
fi
cd "$work" || exit 1

# step WHAT COMMAND...: it succeeds, and says nothing.
step() {
    local what=$1
    shift
    echo "-- $what"
    if "$@" >log 2>&1 && [ ! -s log ]; then
        return
    fi
    echo "FAILED: $*"
    head -20 log
    exit 1
}

# The compiler itself says that it is new to header units.
flags=(-std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wold-style-cast -Wextra-semi
    -Wzero-as-null-pointer-constant -Wno-experimental-header-units
    -Wno-unused-command-line-argument -pthread -I "$top/include")
link=(-L "$lib" -lmagpie "-Wl,-rpath,$lib")

cat >functions.h <<'END'
MAG_VTASK_DEFINE(long_task, long)
MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2);
    long a = fib(w, n - 1);
    return a + fib_join(&w, child);
}
MAG_ASYNC(long_task, twice, (long_task, other), long n;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->n, f->other);
    return long_task_result(2 * f->n);
    MAG_END(f);
}
static int both(long *ret_fib, long *ret_twice)
{
    mag_sched *sched;
    int error = mag_sched_default(&sched);

    if (error == 0)
        error = fib_run(sched, ret_fib, 20);
    return error == 0 ? long_task_wait(twice(long_task_result(21)), ret_twice) : error;
}
END

cat >import.cpp <<'END'
import <magpie/magpie.h>;
#include "functions.h"
int main()
{
    long fib = 0;
    long twice = 0;

    return both(&fib, &twice) == 0 && fib == 6765 && twice == 42 ? 0 : 1;
}
END
step "a header unit" $clang "${flags[@]}" -fmodule-header=user -xc++-user-header \
    "$top/include/magpie/magpie.h" -o magpie.pcm
step "a program that imports it" $clang "${flags[@]}" -fmodule-file=magpie.pcm import.cpp \
    -o import "${link[@]}"
step "runs" ./import
step "every macro" $clang "${flags[@]}" -fmodule-file=magpie.pcm -DMAG_TEST_IMPORT=1 -S \
    -o /dev/null -xc++ "$top/tests/headers/every_macro.c"
for header in "$top"/include/magpie/*.h "$top"/include/magpie/detail/*.h; do
    step "${header##*/} by itself" $clang "${flags[@]}" -fmodule-header=user \
        -xc++-user-header "$header" -o one.pcm
done

cat >work.cppm <<'END'
module;
#include <magpie/magpie.h>
export module work;
#include "functions.h"
export int work_both(long *ret_fib, long *ret_twice)
{
    return both(ret_fib, ret_twice);
}
export using ::mag_error_text;
export using ::mag_vtask;
export using ::mag_vtask_get;
export using ::mag_vtask_result;
END
cat >use.cpp <<'END'
import work;
int main()
{
    long fib = 0;
    long twice = 0;
    unsigned long five = 0;
    int error = work_both(&fib, &twice);

    if (error == 0)
        error = mag_vtask_get(mag_vtask_result(5), &five);
    return error == 0 && fib == 6765 && twice == 42 && five == 5 &&
                   mag_error_text(0) != nullptr
               ? 0
               : 1;
}
END
step "a module" $clang "${flags[@]}" --precompile work.cppm -o work.pcm
step "its object" $clang "${flags[@]}" -c work.pcm -o work.o
step "a program that imports it" $clang "${flags[@]}" -fmodule-file=work=work.pcm use.cpp \
    work.o -o use "${link[@]}"
step "runs" ./use
echo "ok"
