# SPDX-License-Identifier: Apache-2.0
# What Magpie links to.  The library needs hwloc, ck and threads; the program and the
# tests bring their own.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.5)
pkg_check_modules(CK REQUIRED IMPORTED_TARGET ck)
# Static tracepoints, where systemtap's header is; nothing is linked for them.
include(CheckIncludeFile)
check_include_file(sys/sdt.h MAG_HAVE_SDT_H)
option(MAG_PROBES "Static tracepoints, if there is sys/sdt.h" ON)
