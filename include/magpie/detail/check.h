/*
 * check.h - static assertions of the macros that define functions and types.  Each one
 * says how to mend a mistake that would otherwise cause errors inside the macro.
 *
 * Some checks read the spelling of a type as text: `long (*)(int)` is a type, and yet no
 * name can follow it.  Compilers fold such a check in an enumerator, and the static
 * assertion tests the enumerator.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CHECK_H
#define MAGPIE_DETAIL_CHECK_H

#include <magpie/detail/base.h>

#ifdef __cplusplus
extern "C++" {
template <typename T> struct mag_of_type {
    enum { is_void = 0, is_const = 0, is_reference = 0 };
};
template <typename T> struct mag_of_type<const T> {
    enum { is_void = mag_of_type<T>::is_void, is_const = 1, is_reference = 0 };
};
template <> struct mag_of_type<void> {
    enum { is_void = 1, is_const = 0, is_reference = 0 };
};
template <typename T> struct mag_of_type<T &> {
    enum { is_void = 0, is_const = 0, is_reference = 1 };
};
template <typename T, typename U> struct mag_types {
    enum { same = 0 };
};
template <typename T> struct mag_types<T, T> {
    enum { same = 1 };
};
}
#    define MAG_IS_VOID(...)       (mag_of_type<__VA_ARGS__>::is_void != 0)
#    define MAG_IS_CONST(...)      (mag_of_type<__VA_ARGS__>::is_const != 0)
#    define MAG_IS_REFERENCE(...)  (mag_of_type<__VA_ARGS__>::is_reference != 0)
#    define MAG_IS_COPYABLE(...)   (__is_trivially_copyable(__VA_ARGS__))
#    define MAG_IS_SAME(type, ...) (mag_types<type, __VA_ARGS__>::same != 0)
#else
#    define MAG_IS_VOID(...)      __builtin_types_compatible_p(__VA_ARGS__, void)
#    define MAG_IS_REFERENCE(...) 0
#    define MAG_IS_COPYABLE(...)  1
#    define MAG_IS_CONST(...)                         \
        _Generic((__typeof__(__VA_ARGS__) *)MAG_NULL, \
                 const __typeof__(__VA_ARGS__) * : 1, default : 0)
#    define MAG_IS_SAME(type, ...) __builtin_types_compatible_p(type, __VA_ARGS__)
#endif

/* The arguments as text.  MAG_LACKS: whether a text lacks a character, which is given as
 * a character and as a string.  MAG_POINTS: whether a star follows the first
 * parenthesis. */
#define MAG_SPELLED(...) #__VA_ARGS__
#if defined(__cplusplus) && __cplusplus >= 201103L
extern "C++" {
constexpr bool mag_lacks(const char *text, char c)
{
    return *text == '\0' || (*text != c && mag_lacks(text + 1, c));
}
constexpr bool mag_points(const char *text)
{
    return *text == '('    ? text[1] == '*' || (text[1] == ' ' && text[2] == '*')
           : *text == '\0' ? false
                           : mag_points(text + 1);
}
}
#    define MAG_LACKS(text, c, string) mag_lacks(text, c)
#    define MAG_POINTS(text)           mag_points(text)
#else
#    define MAG_LACKS(text, c, string) \
        (__builtin_strcmp(__builtin_strchr(text string, c), string) == 0)
#    define MAG_POINTS(text)                                                 \
        (__builtin_strncmp(__builtin_strchr(text "(", '('), "(*", 2) == 0 || \
         __builtin_strncmp(__builtin_strchr(text "(", '('), "( *", 3) == 0)
#endif

/* Neither a function pointer nor an array, unless it is inside __typeof__(...). */
#define MAG_SPELLS_OBJECT(text) \
    (!MAG_POINTS(text) && (MAG_LACKS(text, '[', "[") || !MAG_LACKS(text, '(', "(")))
/* No braces, and no template that a comma has cut in two. */
#define MAG_SPELLS_WHOLE(text)                                 \
    (MAG_LACKS(text, '{', "{") && MAG_LACKS(text, '}', "}") && \
     MAG_LACKS(text, '<', "<") == MAG_LACKS(text, '>', ">"))
/* One word. */
#define MAG_SPELLS_NAME(text) \
    (sizeof(text) > 1 && MAG_LACKS(text, ' ', " ") && MAG_LACKS(text, '*', "*"))
#define MAG_SPELLS_NO_ARRAY(text) (MAG_LACKS(text, '[', "[") && MAG_LACKS(text, '(', "("))

/* The same assertions for arguments, for results, and for the type of a result. */
#define MAG_ASSERT_OBJECT(holds)                                                     \
    MAG_STATIC_ASSERT(holds, "give the type of a function pointer or of an array a " \
                             "name of its own, with typedef (an array goes in a "    \
                             "struct)");
#define MAG_ASSERT_WHOLE(holds)                                                       \
    MAG_STATIC_ASSERT(holds, "give a type with braces or a comma a name of its own, " \
                             "with struct NAME, typedef or using");
#define MAG_ASSERT_NO_CONST(holds)                                                 \
    MAG_STATIC_ASSERT(holds, "leave out the const of the type itself: values are " \
                             "copied");
#define MAG_ASSERT_NO_REFERENCE(holds) \
    MAG_STATIC_ASSERT(holds, "use a pointer in place of a reference");
#define MAG_ASSERT_COPYABLE(holds)                                               \
    MAG_STATIC_ASSERT(holds, "use a pointer to it, or a type that is trivially " \
                             "copyable: values are copied byte by byte");

/* Checks a type, that of `name`, whose values are copied.  `text` says what to use
 * instead of void. */
#define MAG_CHECK_TYPE(name, text, ...)                                     \
    __extension__ enum {                                                    \
        name##_type_is_whole = MAG_SPELLS_WHOLE(MAG_SPELLED(__VA_ARGS__)),  \
        name##_type_is_object = MAG_SPELLS_OBJECT(MAG_SPELLED(__VA_ARGS__)) \
    };                                                                      \
    MAG_ASSERT_WHOLE(name##_type_is_whole)                                  \
    MAG_ASSERT_OBJECT(name##_type_is_object)                                \
    MAG_STATIC_ASSERT(!MAG_IS_VOID(__VA_ARGS__), text);                     \
    MAG_ASSERT_NO_REFERENCE(!MAG_IS_REFERENCE(__VA_ARGS__))                 \
    MAG_ASSERT_NO_CONST(!MAG_IS_CONST(__VA_ARGS__))                         \
    MAG_ASSERT_COPYABLE(MAG_IS_COPYABLE(__VA_ARGS__))

#endif
