#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs to a temporary prefix, then builds and runs programs against the installed files, in
# each way that a user may.
#
# usage: test_install.sh BUILD-DIRECTORY
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

if grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$build/CMakeCache.txt"; then
    echo "skipped: what is installed is not built with a sanitizer"
    exit 77
fi

fail() {
    echo "$*"
    exit 1
}

# step WHAT COMMAND...: what it says is shown only if it fails.
step() {
    local what=$1
    shift
    echo "-- $what"
    "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "failed: $*"; }
}

step "install" cmake --install "$build" --prefix "$prefix"
lib=$(dirname "$(find "$prefix" -name libmagpie.so)")
export PKG_CONFIG_PATH=$lib/pkgconfig

echo "-- what is installed"
version=$(pkg-config --modversion magpie)
for file in include/magpie/magpie.h bin/magpie share/man/man1/magpie.1 \
    share/magpie/valgrind.supp; do
    test -e "$prefix/$file" || fail "missing: $file"
done
for file in libmagpie.a libmagpie.so.0 "libmagpie.so.$version" cmake/magpie/magpie-config.cmake; do
    test -e "$lib/$file" || fail "missing: $file"
done
for file in peers/common/peer.h peers/openmp/build.sh peers/tbb/tbb.cpp peers/rayon/src/main.rs \
    peers/go/go.mod peers/dotnet/peer.csproj kernels/uts.h kernels/uts.c; do
    test -e "$prefix/share/magpie/bench/$file" || fail "missing: $file"
done
(cd "$source/include" && find magpie -name '*.h') >"$work/headers"
while read -r header; do
    cmp "$source/include/$header" "$prefix/include/$header"
done <"$work/headers"
[ "$("$prefix/bin/magpie" --version)" = "magpie $version" ] || fail "the program has another version"
grep -q "\"magpie $version\"" "$prefix/share/man/man1/magpie.1" ||
    fail "the manual has another version"

# In C and in C++, with the installed kernels.  `magpie` takes the sources beside itself.
for peer in openmp tbb; do
    (cd "$prefix/share/magpie/bench/peers/$peer" && sh build.sh check) >"$work/log" || continue
    step "the peer $peer" env -u MAGPIE_PEERS "$prefix/bin/magpie" bench nqueens regions --size 5 \
        --workers 1 --runs 1 --peers $peer --peers-dir "$work/peers"
    # The folder it was compiled in, of which the debugger is told.
    grep -aq "$prefix/share/magpie/bench/peers/$peer" "$work/peers/$peer/peer" ||
        fail "the peer $peer was built from other sources"
done

echo "-- the shared library"
readelf -d "$lib/libmagpie.so" >"$work/dynamic"
grep -q 'SONAME.*\[libmagpie\.so\.0\]' "$work/dynamic" || fail "its SONAME is not libmagpie.so.0"
grep -q NODELETE "$work/dynamic" || fail "it can be unmapped under its threads"
node=MAGPIE_${version%.*}
nm -D --defined-only --with-symbol-versions "$lib/libmagpie.so" |
    awk -v node="$node" '$3 !~ "^" node { print $3 }' >"$work/versions"
! grep -v "@@$node\$" "$work/versions" || fail "these symbols have not the version $node"
sed 's/@.*//' "$work/versions" | sort >"$work/exported"
grep -orh "\bmag_[a-z0-9_]*" "$source/include/magpie" | sort -u >"$work/named"
grep -q '^mag_version$' "$work/exported" || fail "mag_version is not exported"
! grep -v '^mag_' "$work/exported" || fail "these symbols are not ours to export"
[ -z "$(comm -23 "$work/exported" "$work/named")" ] ||
    fail "exported, but in no public header: $(comm -23 "$work/exported" "$work/named")"
# Those of the headers' inline functions, by the name in front of the first parenthesis.
cat "$source"/include/magpie/*.h "$source"/include/magpie/detail/*.h | tr '\n' ' ' |
    grep -oE 'MAG_INLINE(_ALWAYS)? [a-z][A-Za-z0-9_ *]*\(' | sed 's/($//; s/.*[ *]//' | grep '^mag_' |
    sort -u >"$work/inline"
[ "$(wc -l <"$work/inline")" -gt 30 ] || fail "few inline functions: $(cat "$work/inline")"
[ -z "$(comm -23 "$work/inline" "$work/exported")" ] ||
    fail "inline, and no symbol: $(comm -23 "$work/inline" "$work/exported")"

if command -v python3 >/dev/null; then
    step "the shared library, called without its headers" \
        python3 "$here/symbols.py" "$lib/libmagpie.so"
else
    echo "skipped: there is no python3 to call the symbols"
fi

# Those that were built.
adapter() { # NAME HEADER STATEMENT
    [ -e "$lib/pkgconfig/magpie-$1.pc" ] || { echo "skipped: the adapter for $1 was not built"; return; }
    printf '%s\n#include <magpie/adapters/%s.h>\nint main(void) { %s }\n' "$2" "$1" "$3" >"$work/$1.c"
    # shellcheck disable=SC2046 # a list of words
    step "the adapter for $1" cc "$work/$1.c" -o "$work/$1" $(pkg-config --cflags --libs "magpie-$1")
    step "run it" env LD_LIBRARY_PATH="$lib" "$work/$1"
}
adapter fftw "" "return mag_fftw_use(0) + mag_fftwf_use(0) + mag_fftwl_use(0);"
adapter jxl "#include <jxl/decode.h>" \
    "return JxlDecoderSetParallelRunner(JxlDecoderCreate(0), mag_jxl_runner, 0);"
adapter ffmpeg "#include <libavfilter/avfilter.h>" "return mag_ffmpeg_use(avfilter_graph_alloc(), 0);"

echo "-- the static library"
nm -g --defined-only "$lib/libmagpie.a" | awk 'NF == 3 { print $3 }' >"$work/global"
# A name with a dot is the compiler's or the probes', and none that a program could have.
! grep -v -e '^mag_' -e '\.' "$work/global" || fail "these names are not ours to give to a program"

mkdir "$work/consumer"
cp "$here/consumer.c" "$here/consumer.cpp" "$work/consumer"
cp "$here/CMakeLists.consumer.txt" "$work/consumer/CMakeLists.txt"
cd "$work/consumer"
{
    echo '#include <magpie/magpie.h>'
    (cd "$prefix/include" && printf '#include <%s>\n' magpie/*.h)
} >every_header.h

step "by CMake" cmake -S . -B found -G Ninja "-DCMAKE_PREFIX_PATH=$prefix"
step "build" cmake --build found
for program in by-cmake by-cmake-static by-cmake-cpp; do
    step "run $program" "found/$program"
done

step "as a part of another project" cmake -S . -B within -G Ninja "-DMAGPIE_SOURCE=$source"
step "build" cmake --build within
step "run" within/by-cmake
! test -e within/magpie/bench || fail "the program was built, and nobody asked for it"

step "into folders that are given whole" cmake -S "$source" -B whole -G Ninja \
    -DBUILD_TESTING=OFF -DMAG_BUILD_PROGRAM=OFF \
    -DCMAKE_INSTALL_LIBDIR=/far/lib -DCMAKE_INSTALL_INCLUDEDIR=/near/include
flags=$(PKG_CONFIG_PATH=whole pkg-config --cflags --libs magpie)
case $flags in
    "-I/near/include"*" -L/far/lib -lmagpie"*) ;;
    *) fail "pkg-config has other folders: $flags" ;;
esac

echo "-- thread-local variables: a load with the shared library alone"
initial_exec() { # FLAG...
    # shellcheck disable=SC2046 # a list of words
    echo MAG_TLS_MODEL | cc -E $(pkg-config "$@" --cflags magpie) -include magpie/version.h - |
        grep -q initial-exec
}
if [ "$(sed -n 's/^MAG_TLS_MODEL:[A-Z]*=//p' "$build/CMakeCache.txt")" = initial-exec ]; then
    initial_exec || fail "not with the shared library"
fi
! initial_exec --static || fail "with the static library, too"

# shellcheck disable=SC2046 # lists of words
{
    export LD_LIBRARY_PATH=$lib
    step "by pkg-config" cc -std=c11 -Wall -Wextra -Wpedantic -Werror consumer.c -o shared \
        $(pkg-config --cflags --libs magpie)
    step "run" ./shared
    step "C++17" c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror consumer.cpp -o cpp \
        $(pkg-config --cflags --libs magpie)
    step "run" ./cpp
    # The text of the pages is in the program word for word.
    for example in "$source"/examples/*.c; do
        modules=magpie
        case $example in
            */loop_uv.c | */uv_work.c) modules="magpie libuv" ;;
            */glib_pool.c) modules="magpie glib-2.0" ;;
        esac
        # shellcheck disable=SC2086 # a list of words
        pkg-config --exists $modules || { echo "skipped: ${example##*/}: it needs $modules"; continue; }
        # shellcheck disable=SC2086 # a list of words
        step "${example##*/}" cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$example" \
            -o example $(pkg-config --cflags --libs $modules) -lm
        step "run" ./example
    done
    for name in cache fib sum async_functions; do
        step "$name.c as C++17" c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -x c++ \
            "$source/examples/$name.c" -x none -o example $(pkg-config --cflags --libs magpie)
        step "run" ./example
    done
    unset LD_LIBRARY_PATH
}

echo "-- an await into a place of another size does not compile"
cat >place.c <<'END'
#include <magpie/magpie.h>
MAG_VTASK_DEFINE(long_task, long)
MAG_ASYNC(long_task, one, (long_task, other), PLACE place;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->place, f->other);
    return long_task_result(1);
    MAG_END(f);
}
END
place() { "$1" -DPLACE="$2" -I "$prefix/include" -fsyntax-only -x "$3" place.c >"$work/log" 2>&1; }
for language in "cc c" "c++ c++"; do
    # shellcheck disable=SC2086 # two words
    set -- $language
    place "$1" long "$2" || { cat "$work/log"; fail "the right place"; }
    ! place "$1" int "$2" || fail "a place too small"
    grep -q 'another size' "$work/log" || { cat "$work/log"; fail "another message"; }
    ! place "$1" mag_vtask "$2" || fail "a place too large"
done

echo "-- an await behind line 65535 does not compile"
cat >line.c <<'END'
#include <magpie/magpie.h>
MAG_VTASK_DEFINE(long_task, long)
MAG_ASYNC(long_task, one, (long_task, other), long place; int error;)
{
    MAG_BEGIN(f);
#line LINE
    AWAIT;
    return long_task_result(1);
    MAG_END(f);
}
END
line() { # LINE AWAIT COMPILER...
    sed "s/LINE/$1/" line.c >at.c
    local await=$2
    shift 2
    "$@" "-DAWAIT=$await" -I "$prefix/include" -fsyntax-only at.c >"$work/log" 2>&1
}
for compiler in "cc -std=c11" "c++ -std=c++17 -xc++"; do
    for await in "MAG_AWAIT(f, f->place, f->other)" "MAG_CONTINUE_ON(f, NULL)" \
        "MAG_TRY(f, f->error, f->place, f->other)"; do
        # shellcheck disable=SC2086 # words
        line 65535 "$await" $compiler || { cat "$work/log"; fail "the last line"; }
        # shellcheck disable=SC2086 # words
        ! line 65536 "$await" $compiler || fail "$await behind it"
        grep -q 'behind line 65535' "$work/log" || { cat "$work/log"; fail "another message"; }
    done
done

echo "-- mistakes of fork-join do not compile"
cat >fork.c <<'END'
#include <magpie/magpie.h>
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
MAG_FORKABLE(long, other, int, n)
static long other(mag_fork w, int n) { (void)w; return n; }
MAG_FORK_TASK(long_task, late, int, n)
static long_task late(mag_fork w, int n) { (void)w; return long_task_result(n); }
long use(mag_fork w);
long use(mag_fork w)
{
    struct fib_child child = fib_fork(&w, 3);
    struct other_child another = other_fork(&w, 3);
    struct late_child last = late_fork(&w, 3);
    long_task task = late_task(&w, last);
#if MISTAKE == 1 /* the handle of another function */
    return other_join(&w, another) + other_join(&w, child);
#elif MISTAKE == 2 /* the top, and not where it is kept */
    return other_join(&w, another) + fib_join(w, child);
#elif MISTAKE == 3 /* a child that nobody can join */
    fib_fork(&w, 3);
#elif MISTAKE == 4 /* a task that nobody consumes */
    late_task(&w, last);
#elif MISTAKE == 5 /* an argument too many */
    child = fib_fork(&w, 3, 4);
#endif
    (void)task;
    return other_join(&w, another) + fib_join(&w, child);
}
END
mistake() { "$1" -DMISTAKE="$3" -Wall -Wextra -Wpedantic -Werror -I "$prefix/include" \
    -S -o /dev/null -x "$2" fork.c >"$work/log" 2>&1; }
for language in "cc c" "c++ c++"; do
    # shellcheck disable=SC2086 # two words
    set -- $language
    mistake "$1" "$2" 0 || { cat "$work/log"; fail "no mistake"; }
    for kind in 1 2 3 4 5; do
        ! mistake "$1" "$2" "$kind" || fail "mistake $kind compiles"
    done
done

# clang reports ThreadSanitizer differently from gcc, and fork-join must be atomic for it.
if command -v clang-14 >/dev/null; then
    echo "-- forks are atomic for clang's ThreadSanitizer"
    clang-14 -fsanitize=thread -O1 -S -I "$prefix/include" fork.c -o fork.s
    grep -q __tsan_atomic fork.s || fail "they are not"
fi

# With only the archive, as in a distribution's static package.
rm "$lib"/libmagpie.so*
# shellcheck disable=SC2046 # lists of words
step "by pkg-config --static" cc -std=c11 -Wall -Wextra -Wpedantic -Werror consumer.c \
    -o static $(pkg-config --static --cflags --libs magpie)
step "run" ./static
! readelf -d static | grep -q libmagpie || fail "it is not static"

for header in "$prefix"/include/magpie/*.h "$prefix"/include/magpie/detail/*.h; do
    header=${header#"$prefix/include/"}
    # A header with only macros declares nothing, but a translation unit must declare something.
    printf '#include <%s>\ntypedef int unit;\n' "$header" >one.c
    step "$header by itself, in C11" cc -std=c11 -Wall -Wextra -Wpedantic -Werror \
        -I "$prefix/include" -fsyntax-only one.c
    step "$header by itself, in C++17" c++ -std=c++17 -Wall -Wextra -Wpedantic \
        -Werror -I "$prefix/include" -fsyntax-only -x c++ one.c
done
echo "ok"
