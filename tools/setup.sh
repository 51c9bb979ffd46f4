#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Magpie needs to be built, tested and measured, and builds it.  Sourced by
# bench/run, tests/run and .ci/run from the top folder; needs bash and a system that has
# apt, or everything installed already.  Standard output is left to whoever calls.
#
#   mag_setup build|check|peers    `check`: also what the linters and the clang preset
#                                  need; `peers`: also what peers are built with
#   mag_guest_kernel               fetches the kernel of tests/vm
#   mag_cross ARCH                 what the presets aarch64 and riscv64 need; fails if
#                                  something is absent, and says what
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
# What is built for another architecture is linked with these, and needs a compiler and qemu.
MAG_SYSROOT="libc6-dev libatomic1 libstdc++6 libhwloc-dev libck-dev libcmocka-dev libjansson-dev nettle-dev"
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

# These packages are optional: the build goes on without them.
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

# mag_unpack_foreign ROOT DEBIAN-ARCH: the packages of MAG_SYSROOT, unpacked into ROOT.  apt
# gets lists and a state of its own, since it would exchange packages of this system for
# those of another architecture.  A release that has no packages for the architecture takes
# those of Debian 13.
mag_unpack_foreign() {
    local root=$1 arch=$2 apt deb sources=build/sysroot/sources.list
    local debian=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$root.apt/lists/partial" "$root.apt/cache/archives/partial" "$root.new" || return 1
    : >"$root.apt/status"
    apt=(-o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" -o APT::Install-Recommends=false
        -o "Dir::State::status=$PWD/$root.apt/status" -o "Dir::State::lists=$PWD/$root.apt/lists"
        -o "Dir::Cache=$PWD/$root.apt/cache" -o Debug::NoLocking=true -qq)
    if [ "$arch" = riscv64 ]; then
        echo "deb [signed-by=$debian] http://deb.debian.org/debian trixie main" >"$sources"
        apt+=(-o "Dir::Etc::sourcelist=$PWD/$sources" -o Dir::Etc::sourceparts=/dev/null)
    fi
    # shellcheck disable=SC2086 # a list of words
    apt-get "${apt[@]}" update && apt-get "${apt[@]}" -y --download-only install $MAG_SYSROOT || return 1
    for deb in "$root.apt"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$root.new" || return 1
    done
    # A library that is a system's own lies behind links that a package does not bring.
    for deb in bin lib sbin; do
        [ -e "$root.new/$deb" ] || ln -s "usr/$deb" "$root.new/$deb" || return 1
    done
    mv "$root.new" "$root" && rm -rf "$root.apt"
}

mag_cross() {
    local arch=$1 root=build/sysroot/$1 wished
    wished=$(mag_absent "gcc-$arch-linux-gnu:$arch-linux-gnu-gcc" \
        "g++-$arch-linux-gnu:$arch-linux-gnu-g++" "qemu-user:qemu-$arch")
    if [ -n "$wished" ] && command -v apt-get >/dev/null 2>&1 && mag_may_install; then
        mag_install "" "$wished"
    fi
    if ! mag_probe "$arch-linux-gnu-gcc" || ! mag_probe "$arch-linux-gnu-g++" || ! mag_probe "qemu-$arch"; then
        echo "skipped: there is no cross compiler for $arch, or no qemu-$arch"
        return 1
    fi
    [ -e "$root/usr/include/hwloc.h" ] && return 0
    mkdir -p build/sysroot
    echo "Fetching libraries for $arch" >&2
    if ! command -v apt-get >/dev/null 2>&1 ||
        ! mag_unpack_foreign "$root" "${arch/aarch64/arm64}" >>build/setup.log 2>&1; then
        echo "skipped: the libraries for $arch could not be fetched; see build/setup.log"
        return 1
    fi
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
