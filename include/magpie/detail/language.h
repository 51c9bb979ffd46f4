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
 * An inline function of a header.  In C++ it has the linkage that a header unit and a
 * module can hand on, and is hidden: a library that includes the header exports none.
 * The library itself defines each of them once as a symbol, for other languages: where
 * MAG_INLINE_SYMBOLS is defined, in symbols.c alone.
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
 * name` would declare another one. */
#ifdef __cplusplus
#    define MAG_STRUCT(name)  name
#    define MAG_POINTER(name) name *
#else
#    define MAG_STRUCT(name)  struct name
#    define MAG_POINTER(name) struct name *
#endif

/* Bytes of a member. */
#define MAG_SIZEOF_MEMBER(type, member) sizeof(MAG_CAST(type *, MAG_NULL)->member)

/* A struct whose values may not be dropped, where the language has such a thing. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#    define MAG_NODISCARD [[nodiscard]]
#elif defined(__clang__)
#    define MAG_NODISCARD __attribute__((warn_unused_result))
#else
#    define MAG_NODISCARD
#endif

/* A function that has the name of a struct: gcc takes it for one that hides, in C++, the
 * struct's constructor. */
#if defined(__cplusplus) && !defined(__clang__)
#    define MAG_NAMESAKES_BEGIN \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#    define MAG_NAMESAKES_END _Pragma("GCC diagnostic pop")
#else
#    define MAG_NAMESAKES_BEGIN
#    define MAG_NAMESAKES_END
#endif

#endif
