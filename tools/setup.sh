#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Magpie needs to be built, tested and measured, and builds it.  Sourced by
# bench/run, tests/run and .ci/run from the top folder; needs bash and a system that has
# apt, or everything installed already.  Standard output is left to whoever calls.
#
#   mag_setup build|check|peers    `check`: also what the linters and the clang preset
#                                  need; `peers`: also what peers are built with
#   mag_guest_kernel               fetches the kernel of tests/vm
#   mag_build PRESET [TARGET]      configures and builds build/PRESET, or only that of it

# PACKAGE:PROBE - a command, a pkg-config module as NAME.pc, or a file.  A package whose
# probe is found is not asked for, whoever installed it.
MAG_NEEDED="gcc:gcc g++:g++ libc6-dev:/usr/include/stdio.h cmake:cmake ninja-build:ninja \
pkg-config:pkg-config libhwloc-dev:hwloc.pc libck-dev:ck.pc libcmocka-dev:cmocka.pc \
libjansson-dev:jansson.pc nettle-dev:nettle.pc python3:python3"
# Without these a run is poorer, and says so: no plots, no models, no examples on libuv and GLib,
# none that compress files or scale pictures, no adapters, no tracepoints, no test of the gdb script.
MAG_WELCOME="gnuplot-nox:gnuplot relacy-dev:/usr/include/relacy/relacy_std.hpp libuv1-dev:libuv.pc \
libglib2.0-dev:glib-2.0.pc libfftw3-dev:fftw3.pc libjxl-dev:libjxl.pc libavfilter-dev:libavfilter.pc \
systemtap-sdt-dev:dtrace gdb:gdb zlib1g-dev:zlib.pc libdeflate-dev:libdeflate.pc libjpeg-dev:libjpeg.pc"
MAG_CHECKERS="clang-14:clang-14 clang-tidy-14:clang-tidy-14 clang-format-14:clang-format-14 \
cppcheck:cppcheck shellcheck:shellcheck valgrind:valgrind abigail-tools:abidiff"

# Machines that are not here are played with these: tests/vm.
MAG_GUESTS="qemu-system-x86:qemu-system-x86_64 busybox-static:busybox cpio:cpio e2fsprogs:/sbin/mke2fs"
# What this release lacks of these stays absent; `magpie bench --peers` says so.
MAG_PEERS="libtbb-dev:/usr/include/oneapi/tbb.h libglib2.0-dev:glib-2.0.pc libuv1-dev:libuv.pc \
libopenblas-dev:openblas.pc pigz:pigz golang-go:go cargo:cargo rustc:rustc librust-rayon-dev:rayon.pc dotnet-sdk-8.0:dotnet"

mag_other_systems() {
    cat >&2 <<'END'
There is no apt here, so nothing was installed.  Install these, then run this again:
  dnf install gcc gcc-c++ cmake ninja-build pkgconf-pkg-config hwloc-devel ck-devel libcmocka-devel jansson-devel nettle-devel python3 gnuplot libuv-devel glib2-devel systemtap-sdt-devel gdb zlib-devel libdeflate-devel libjpeg-turbo-devel pigz
  pacman -S gcc cmake ninja pkgconf hwloc cmocka jansson nettle python gnuplot libuv glib2 gdb zlib libdeflate libjpeg-turbo pigz   (and concurrencykit, from the AUR)
  zypper install gcc gcc-c++ cmake ninja pkg-config hwloc-devel ck-devel libcmocka-devel libjansson-devel libnettle-devel python3 gnuplot libuv-devel glib2-devel systemtap-sdt-devel gdb zlib-devel libdeflate-devel libjpeg8-devel pigz
  brew install gcc cmake ninja pkgconf hwloc concurrencykit cmocka jansson nettle python gnuplot libuv glib gdb zlib libdeflate jpeg-turbo pigz   (on Linux)
END
}

mag_probe() {
    case $1 in
        /*) [ -e "$1" ] ;;
        *.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Those of the given PACKAGE:PROBE that are absent, by name.
mag_absent() {
    local pair
    for pair in "$@"; do
        mag_probe "${pair#*:}" ||
            [ "$(dpkg-query -W -f='${db:Status-Status}' "${pair%%:*}" 2>/dev/null)" = installed ] ||
            printf ' %s' "${pair%%:*}"
    done
}

# As root, waiting for whoever else installs something.
mag_apt() {
    local sudo=sudo
    [ "$(id -u)" = 0 ] && sudo=""
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300 \
        "$@" >>build/setup.log 2>&1
}

mag_may_install() {
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1
}

# Of the given packages, those that this release has.
mag_known() {
    local package
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && printf ' %s' "$package"
    done
}

# mag_install MISSING WISHED: all of MISSING, then what there is of WISHED.
mag_install() {
    local missing=$1 wished=$2
    if ! mag_may_install; then
        echo "There is neither root nor sudo to install what is missing.  As root:" >&2
        echo "  apt-get install --no-install-recommends$missing$wished" >&2
        return 1
    fi
    mkdir -p build
    : >build/setup.log
    # Lists that are old may still do, if only for what is welcome.
    if ! mag_apt update && [ -n "$missing" ]; then
        mag_not_installed
        return 1
    fi
    case $missing in *" cmake"*) mag_offers_cmake || return 1 ;; esac
    if [ -n "$missing" ]; then
        echo "Installing:$missing" >&2
        # shellcheck disable=SC2086 # a list of words
        mag_apt install --no-install-recommends $missing || { mag_not_installed; return 1; }
    fi
    # shellcheck disable=SC2046,SC2086 # lists of words
    mag_install_wished $(mag_known $wished)
}

mag_not_installed() {
    tail -n 40 build/setup.log >&2
    echo "They could not be installed; the whole log is in build/setup.log." >&2
}

# What nobody needs stops nobody.
mag_install_wished() {
    [ $# -gt 0 ] || return 0
    echo "Installing: $*" >&2
    mag_apt install --no-install-recommends "$@" ||
        echo "They could not be installed, and are done without; see build/setup.log." >&2
}

mag_cmake_will_do() {
    case $1 in
        [4-9].* | [1-9][0-9].* | 3.2[5-9]* | 3.[3-9][0-9]*) return 0 ;;
    esac
    echo "CMake 3.25 or newer is needed, and $2 $1.  Debian 12 and Ubuntu 24.04 have it;" >&2
    echo "elsewhere get it from https://cmake.org/download, put it into PATH, and run this again." >&2
    return 1
}

mag_has_cmake() {
    local version
    version=$(cmake --version | { read -r _ _ version && echo "$version"; })
    mag_cmake_will_do "$version" "this is"
}

# Before anything is installed.  A release that will not tell is tried.
mag_offers_cmake() {
    local word version
    while read -r word version; do
        if [ "$word" = Candidate: ] && [ "$version" != "(none)" ]; then
            mag_cmake_will_do "$version" "this system offers" || return 1
        fi
    done <<<"$(apt-cache policy cmake 2>/dev/null)"
}

mag_setup() {
    local needed=$MAG_NEEDED welcome=$MAG_WELCOME wished missing
    [ "$1" = check ] && needed="$needed $MAG_CHECKERS"
    [ "$1" = peers ] || welcome="$welcome $MAG_GUESTS"
    [ "$1" = peers ] && welcome="$welcome $MAG_PEERS"
    # shellcheck disable=SC2086 # lists of words
    missing=$(mag_absent $needed) wished=$(mag_absent $welcome)
    if mag_probe cmake; then
        mag_has_cmake || return 1
    fi
    if [ -n "$missing" ]; then
        if ! command -v apt-get >/dev/null 2>&1; then
            mag_other_systems
            return 1
        fi
        mag_install "$missing" "$wished" || return 1
        mag_has_cmake
    elif [ -n "$wished" ] && mag_may_install; then
        # shellcheck disable=SC2086 # a list of words
        wished=$(mag_known $wished)
        [ -z "$wished" ] || mag_install "" "$wished"
    fi
}

# The kernel of tests/vm: Debian's for clouds, which boots in seconds.  It is unpacked into
# build/vm, not installed, since nobody wants to start a machine from it.  Without it those
# tests are skipped.
mag_guest_kernel() {
    local package
    if [ -n "$(compgen -G '/boot/vmlinuz-*-cloud-amd64')" ] ||
        [ -n "$(compgen -G 'build/vm/boot/vmlinuz-*-cloud-amd64')" ]; then
        return 0
    fi
    command -v apt-get >/dev/null 2>&1 || return 0
    # The name of the newest contains its version.
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/.*Depends: \(linux-image-.*-cloud-amd64\).*/\1/p' | head -n 1)
    [ -n "$package" ] || return 0
    mkdir -p build/vm
    echo "Fetching: $package" >&2
    (cd build/vm && apt-get -qq download "$package" && dpkg-deb -x "$package"_*.deb . &&
        rm -rf ./*.deb lib usr) >>build/setup.log 2>&1 ||
        echo "It could not be fetched, and is done without; see build/setup.log." >&2
}

# Output is shown only when it fails.
mag_build() {
    local preset=$1 log="build/$1.log"
    mkdir -p build
    echo "Building ($preset) ..." >&2
    if ! cmake --preset "$preset" >"$log" 2>&1 ||
        ! cmake --build "build/$preset" ${2:+--target "$2"} >>"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "The build failed; the whole log is in $log." >&2
        return 1
    fi
}
