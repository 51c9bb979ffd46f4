#!/usr/bin/env bash
# Installs what Magpie needs to be built, tested and measured.  Sourced by bench/run and
# tests/run; needs nothing but bash and a package manager that it knows.
#
#   mag_setup build|check
#
# `build`: compilers, libraries, the plotter.  `check`: what the sanitizer, clang and tidy
# jobs need besides.

MAG_APT_BUILD="gcc g++ libc6-dev make cmake ninja-build pkg-config libhwloc-dev libck-dev \
libcmocka-dev libjansson-dev nettle-dev zlib1g-dev gnuplot-nox relacy-dev"
MAG_APT_CHECK="clang-14 clang-tidy-14 clang-format-14 cppcheck python3 libclang-rt-14-dev"

mag_other_systems() {
    cat >&2 <<'END'
There is no apt here, so nothing was installed.  Install these, then run this again:
  dnf:    gcc gcc-c++ cmake ninja-build pkgconf-pkg-config hwloc-devel ck-devel libcmocka-devel jansson-devel nettle-devel zlib-devel gnuplot
  pacman: gcc cmake ninja pkgconf hwloc cmocka jansson nettle zlib gnuplot (and concurrencykit from the AUR)
  zypper: gcc gcc-c++ cmake ninja pkg-config hwloc-devel concurrencykit-devel libcmocka-devel libjansson-devel libnettle-devel zlib-devel gnuplot
  brew:   cmake ninja pkg-config hwloc concurrencykit cmocka jansson nettle zlib gnuplot (on Linux)
END
}

# Whether a package is installed, by Debian's own book.
mag_has_package() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

mag_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "Packages are missing and this is neither root nor is there sudo: run as root '$*'." >&2
        return 1
    fi
}

# Everything that the build asks for by name; enough where there is no apt.
mag_has_tools() {
    local tool
    for tool in cmake ninja cc c++ pkg-config; do
        command -v "$tool" >/dev/null 2>&1 || return 1
    done
    pkg-config --exists hwloc ck cmocka jansson nettle zlib
}

mag_setup() {
    local wanted="$MAG_APT_BUILD" package missing=""
    [ "$1" = check ] && wanted="$wanted $MAG_APT_CHECK"
    if ! command -v apt-get >/dev/null 2>&1; then
        mag_has_tools && return 0
        mag_other_systems
        return 1
    fi
    for package in $wanted; do
        mag_has_package "$package" || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    echo "Installing:$missing"
    mag_as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        # shellcheck disable=SC2086 # a list of words
        mag_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends $missing >/dev/null && return 0
    echo "The packages could not be installed; see the messages above." >&2
    return 1
}

# Configures and builds a preset.  Output is shown only when it fails.
mag_build() {
    local preset=$1 log
    mkdir -p build
    log="build/$preset.log"
    echo "Building ($preset) ..."
    if ! cmake --preset "$preset" >"$log" 2>&1 || ! cmake --build "build/$preset" >>"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "The build failed; the whole log is in $log." >&2
        return 1
    fi
}
