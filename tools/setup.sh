#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Magpie needs to be built, tested and measured, and builds it.  Sourced by
# bench/run, tests/run and .ci/run from the top folder; needs bash and a system that has
# apt, or everything installed already.
#
#   mag_setup build|check|peers    `check`: also what the linters and the clang preset
#                                  need; `peers`: also what peers are built with
#   mag_build PRESET         configures and builds build/PRESET

# PACKAGE:PROBE - a command, a pkg-config module as NAME.pc, or a file.  A package whose
# probe is found is not asked for, whoever installed it.
MAG_NEEDED="gcc:gcc g++:g++ libc6-dev:/usr/include/stdio.h cmake:cmake ninja-build:ninja \
pkg-config:pkg-config libhwloc-dev:hwloc.pc libck-dev:ck.pc libcmocka-dev:cmocka.pc \
libjansson-dev:jansson.pc nettle-dev:nettle.pc python3:python3"
# Without these a run is poorer, and says so: no plots, no models.
MAG_WELCOME="gnuplot-nox:gnuplot relacy-dev:/usr/include/relacy/relacy_std.hpp"
MAG_CHECKERS="clang-14:clang-14 clang-tidy-14:clang-tidy-14 clang-format-14:clang-format-14 \
cppcheck:cppcheck shellcheck:shellcheck"

# What this release lacks of these stays absent; `magpie bench --peers` says so.
MAG_PEERS="libtbb-dev:/usr/include/oneapi/tbb.h golang-go:go cargo:cargo rustc:rustc \
librust-rayon-dev:rayon.pc dotnet-sdk-8.0:dotnet"

mag_other_systems() {
    cat >&2 <<'END'
There is no apt here, so nothing was installed.  Install these, then run this again:
  dnf install gcc gcc-c++ cmake ninja-build pkgconf-pkg-config hwloc-devel ck-devel libcmocka-devel jansson-devel nettle-devel python3 gnuplot
  pacman -S gcc cmake ninja pkgconf hwloc cmocka jansson nettle python gnuplot   (and concurrencykit, from the AUR)
  zypper install gcc gcc-c++ cmake ninja pkg-config hwloc-devel ck-devel libcmocka-devel libjansson-devel libnettle-devel python3 gnuplot
  brew install gcc cmake ninja pkgconf hwloc concurrencykit cmocka jansson nettle python gnuplot   (on Linux)
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

# mag_install MISSING WISHED: all of MISSING, and what there is of WISHED.
mag_install() {
    local missing=$1 wished=$2
    if ! mag_may_install; then
        echo "There is neither root nor sudo to install what is missing.  As root:" >&2
        echo "  apt-get install --no-install-recommends$missing$wished" >&2
        return 1
    fi
    echo "Installing:$missing$wished"
    mkdir -p build
    : >build/setup.log
    # shellcheck disable=SC2046,SC2086 # lists of words
    if ! mag_apt update ||
        ! mag_apt install --no-install-recommends $missing $(mag_known $wished); then
        tail -n 40 build/setup.log >&2
        echo "They could not be installed; the whole log is in build/setup.log." >&2
        return 1
    fi
}

mag_check_cmake() {
    local version
    version=$(cmake --version | { read -r _ _ version && echo "$version"; })
    case $version in
        [4-9].* | [1-9][0-9].* | 3.2[5-9]* | 3.[3-9][0-9]*) return 0 ;;
    esac
    echo "CMake 3.25 or newer is needed, and this is $version; see https://cmake.org/download" >&2
    return 1
}

mag_setup() {
    local needed=$MAG_NEEDED welcome=$MAG_WELCOME wished missing
    [ "$1" = check ] && needed="$needed $MAG_CHECKERS"
    [ "$1" = peers ] && welcome="$welcome $MAG_PEERS"
    # shellcheck disable=SC2086 # lists of words
    missing=$(mag_absent $needed) wished=$(mag_absent $welcome)
    if [ -n "$missing" ] && ! command -v apt-get >/dev/null 2>&1; then
        mag_other_systems
        return 1
    fi
    if [ -n "$missing" ]; then
        mag_install "$missing" "$wished" || return 1
    elif mag_may_install; then
        # shellcheck disable=SC2086 # a list of words
        wished=$(mag_known $wished)
        [ -z "$wished" ] || mag_install "" "$wished" || return 1
    fi
    mag_check_cmake
}

# Output is shown only when it fails.
mag_build() {
    local preset=$1 log="build/$1.log"
    mkdir -p build
    echo "Building ($preset) ..."
    if ! cmake --preset "$preset" >"$log" 2>&1 || ! cmake --build "build/$preset" >>"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "The build failed; the whole log is in $log." >&2
        return 1
    fi
}
