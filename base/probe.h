/*
 * probe.h - static tracepoints, for perf, bpftrace, SystemTap and gdb.  Private to the
 * library.
 *
 * A tracepoint is one instruction that does nothing, and a note in the library's file
 * that says where it is and where its arguments are.  All have the provider `magpie`.
 * They are there if the library was built where <sys/sdt.h> is (systemtap-sdt-dev);
 * otherwise they vanish.  docs/guide/seeing.md lists them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

/* clang-tidy counts what the macros expand to. */
#if defined(MAG_PROBES) && !defined(__clang_analyzer__)
#    include <sys/sdt.h>
#    ifdef __clang__
#        pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#    endif
#    define MAG_PROBE1(name, a)       STAP_PROBE1(magpie, name, a)
#    define MAG_PROBE2(name, a, b)    STAP_PROBE2(magpie, name, a, b)
#    define MAG_PROBE3(name, a, b, c) STAP_PROBE3(magpie, name, a, b, c)
#else
#    define MAG_PROBE1(name, a)       ((void)0)
#    define MAG_PROBE2(name, a, b)    ((void)0)
#    define MAG_PROBE3(name, a, b, c) ((void)0)
#endif

#endif
