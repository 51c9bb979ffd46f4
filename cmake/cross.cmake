# SPDX-License-Identifier: Apache-2.0
# Toolchain of the presets for other architectures: Debian's cross compiler, the libraries
# that mag_sysroot of tools/setup.sh has unpacked, and qemu to run what was built.
#
# MAG_ARCH: aarch64 or riscv64, as the compiler and qemu spell it.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MAG_ARCH)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${MAG_ARCH}")
cmake_path(SET sysroot NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${MAG_ARCH}")
set(CMAKE_SYSROOT "${sysroot}")
set(CMAKE_C_COMPILER "${MAG_ARCH}-linux-gnu-gcc")
set(CMAKE_CXX_COMPILER "${MAG_ARCH}-linux-gnu-g++")
set(CMAKE_CROSSCOMPILING_EMULATOR
    "qemu-${MAG_ARCH};-L;${sysroot};-E;MAG_TEST_EMULATED=1")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${sysroot}")
set(ENV{PKG_CONFIG_LIBDIR}
    "${sysroot}/usr/lib/${MAG_ARCH}-linux-gnu/pkgconfig:${sysroot}/usr/share/pkgconfig")
