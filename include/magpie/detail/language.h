/*
 * language.h - what C and C++ spell differently, for the macros and inline functions of
 * the public headers: both are silent under their strictest warnings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LANGUAGE_H
#define MAGPIE_DETAIL_LANGUAGE_H

#include <stddef.h>

/* A conversion of a value, a new reading of the same bits, no address, an assertion. */
#ifdef __cplusplus
#    define MAG_CAST(type, value)          (static_cast<type>(value))
#    define MAG_RECAST(type, value)        (reinterpret_cast<type>(value))
#    define MAG_STATIC_ASSERT(holds, text) static_assert(holds, text)
#    if __cplusplus >= 201103L
#        define MAG_NULL nullptr
#    else
#        define MAG_NULL NULL
#    endif
#else
#    define MAG_CAST(type, value)          ((type)(value))
#    define MAG_RECAST(type, value)        ((type)(value))
#    define MAG_STATIC_ASSERT(holds, text) _Static_assert(holds, text)
#    define MAG_NULL                       NULL
#endif

/*
 * An inline function of a header.  In C++ it has external linkage, so that a header unit
 * or a module can export it, and hidden visibility, so that a shared library that
 * includes the header does not.  The library itself defines each inline function once as
 * a symbol, for other languages: symbols.c alone defines MAG_INLINE_SYMBOLS.
 */
#ifdef __cplusplus
#    define MAG_INLINE inline __attribute__((visibility("hidden")))
#elif defined(MAG_INLINE_SYMBOLS)
#    define MAG_INLINE extern inline __attribute__((visibility("default")))
#else
#    define MAG_INLINE static inline
#endif
#define MAG_INLINE_ALWAYS MAG_INLINE __attribute__((always_inline))

/* A struct of these headers, and a pointer to one, in a macro.  In a C++ module `struct
 * name` would declare a struct of its own. */
#ifdef __cplusplus
#    define MAG_STRUCT(name)  name
#    define MAG_POINTER(name) name *
#else
#    define MAG_STRUCT(name)  struct name
#    define MAG_POINTER(name) struct name *
#endif

/* Bytes of a member. */
#define MAG_SIZEOF_MEMBER(type, member) sizeof(MAG_CAST(type *, MAG_NULL)->member)

/* A struct whose values must not be dropped, if the compiler can check that. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#    define MAG_NODISCARD [[nodiscard]]
#elif defined(__clang__)
#    define MAG_NODISCARD __attribute__((warn_unused_result))
#else
#    define MAG_NODISCARD
#endif

/* Around a function that has the name of a struct: in C++ gcc warns that the function
 * hides the struct's constructor. */
#if defined(__cplusplus) && !defined(__clang__)
#    define MAG_NAMESAKES_BEGIN \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#    define MAG_NAMESAKES_END _Pragma("GCC diagnostic pop")
#else
#    define MAG_NAMESAKES_BEGIN
#    define MAG_NAMESAKES_END
#endif

#endif
