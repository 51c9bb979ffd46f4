/*
 * base.h - what every public header is written with: visibility, attributes, the words
 * that threads share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_BASE_H
#define MAGPIE_DETAIL_BASE_H

#include <magpie/detail/language.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#    define MAG_EXTERN_C_BEGIN extern "C" {
#    define MAG_EXTERN_C_END   }
#else
#    define MAG_EXTERN_C_BEGIN
#    define MAG_EXTERN_C_END
#endif

#define MAG_API         __attribute__((visibility("default")))
#define MAG_COLD        __attribute__((cold, noinline))
#define MAG_NOINLINE    __attribute__((noinline))
#define MAG_MUST_CHECK  __attribute__((warn_unused_result))
#define MAG_LIKELY(x)   __builtin_expect(!!(x), 1)
#define MAG_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * How inline functions reach the library's thread-local variables.  Code that uses
 * libmagpie.so may define MAG_TLS_INITIAL_EXEC (its CMake target and pkg-config do):
 * then a shared object reads such a variable with a load instead of a call.  A plug-in
 * that contains libmagpie.a must not define it: all of its thread-local variables would
 * need room in the static block of each thread, which is small.
 */
#ifdef MAG_TLS_INITIAL_EXEC
#    define MAG_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#    define MAG_TLS_MODEL
#endif

/*
 * A word that several threads share.  C sees an atomic.  C++ sees a plain word of the
 * same layout: C++ code reaches it only through the functions of these headers.
 */
#ifdef __cplusplus
#    define MAG_ATOMIC(type) type
#else
#    define MAG_ATOMIC(type) _Atomic(type)
#endif

/* Words that are this many bytes apart are in different cache lines. */
#define MAG_CACHE_LINE 64

#endif
