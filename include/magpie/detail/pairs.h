/*
 * pairs.h - lists of types and names, for the macros that define functions: turned into
 * fields, parameters, assignments and arguments, and checked.
 *
 * A list is `void` or `(void)`, or one to eight pairs: type, name, type, name.
 * MAG_CHECK_PAIRS refuses any other list; the other macros take it for an empty one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_PAIRS_H
#define MAGPIE_DETAIL_PAIRS_H

#include <magpie/detail/check.h>

/* ------------------------------------------------------------- counting pairs */

/* The 65th argument. */
#define MAG_PAIRS_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, \
                       a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28,  \
                       a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41,  \
                       a42, a43, a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54,  \
                       a55, a56, a57, a58, a59, a60, a61, a62, a63, a64, pick, ...)      \
    pick
#define MAG_PAIRS_SHAPE(...)                                                           \
    MAG_PAIRS_PICK(__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,  \
                   MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,   \
                   MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,   \
                   MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,   \
                   MANY, MANY, MANY, MANY, MANY, MANY, 8, ODD, 7, ODD, 6, ODD, 5, ODD, \
                   4, ODD, 3, ODD, 2, ODD, 1, ONE, )

#define MAG_PAIRS_CAT(a, b)          MAG_PAIRS_CAT_(a, b)
#define MAG_PAIRS_CAT_(a, b)         a##b
#define MAG_PAIRS_SECOND(...)        MAG_PAIRS_SECOND_(__VA_ARGS__, , )
#define MAG_PAIRS_SECOND_(a, b, ...) b
#define MAG_PAIRS_STRIP(...)         __VA_ARGS__

/* MAG_PAIRS_IS_LIST x is LIST if x is in parentheses, else WORD. */
#define MAG_PAIRS_LIST(...)    ~, LIST
#define MAG_PAIRS_IS_LIST(...) MAG_PAIRS_SECOND(MAG_PAIRS_LIST __VA_ARGS__, WORD, )

/* How many pairs a list has, 0 to 8; or why it is no list of pairs: NONE, ODD, MANY. */
#define MAG_PAIRS_COUNT(...) \
    MAG_PAIRS_CAT(MAG_PAIRS_COUNT_, MAG_PAIRS_SHAPE(__VA_ARGS__))(__VA_ARGS__)
#define MAG_PAIRS_COUNT_1(...)      1
#define MAG_PAIRS_COUNT_2(...)      2
#define MAG_PAIRS_COUNT_3(...)      3
#define MAG_PAIRS_COUNT_4(...)      4
#define MAG_PAIRS_COUNT_5(...)      5
#define MAG_PAIRS_COUNT_6(...)      6
#define MAG_PAIRS_COUNT_7(...)      7
#define MAG_PAIRS_COUNT_8(...)      8
#define MAG_PAIRS_COUNT_ODD(...)    ODD
#define MAG_PAIRS_COUNT_MANY(...)   MANY
#define MAG_PAIRS_COUNT_ONE(a)      MAG_PAIRS_CAT(MAG_PAIRS_ONE_, MAG_PAIRS_IS_LIST(a))(a)
#define MAG_PAIRS_ONE_LIST(a)       MAG_PAIRS_ONE_INNER(MAG_PAIRS_STRIP a, )
#define MAG_PAIRS_ONE_INNER(...)    MAG_PAIRS_ONE_WORD_(__VA_ARGS__)
#define MAG_PAIRS_ONE_WORD(a)       MAG_PAIRS_ONE_WORD_(a, )
#define MAG_PAIRS_ONE_WORD_(a, ...) MAG_PAIRS_SECOND(MAG_PAIRS_WORD_##a, ODD, )
#define MAG_PAIRS_WORD_void         ~, 0
#define MAG_PAIRS_WORD_             ~, NONE

/* Calls the macro that is named `kind` and the count, with the list. */
#define MAG_PAIRS_OF(kind, ...) \
    MAG_PAIRS_CAT(kind, MAG_PAIRS_COUNT(__VA_ARGS__))(__VA_ARGS__)

/* --------------------------------------------------------------- what they become */

/* Fields of a struct. */
#define MAG_PAIRS_FIELDS(...)      MAG_PAIRS_OF(MAG_PAIRS_FIELDS_, __VA_ARGS__)
#define MAG_PAIRS_FIELDS_NONE(...) MAG_PAIRS_FIELDS_0()
#define MAG_PAIRS_FIELDS_ODD(...)  MAG_PAIRS_FIELDS_0()
#define MAG_PAIRS_FIELDS_MANY(...) MAG_PAIRS_FIELDS_0()
#define MAG_PAIRS_FIELDS_0(...)
#define MAG_PAIRS_FIELDS_1(t, a) t a;
#define MAG_PAIRS_FIELDS_2(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_1(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_3(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_2(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_4(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_3(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_5(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_4(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_6(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_5(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_7(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_6(__VA_ARGS__)
#define MAG_PAIRS_FIELDS_8(t, a, ...) \
    t a;                              \
    MAG_PAIRS_FIELDS_7(__VA_ARGS__)

/* Assignments to the fields of *args_, and the fields as arguments behind others. */
#define MAG_PAIRS_FILL(...)      MAG_PAIRS_OF(MAG_PAIRS_FILL_, __VA_ARGS__)
#define MAG_PAIRS_FILL_NONE(...) MAG_PAIRS_FILL_0()
#define MAG_PAIRS_FILL_ODD(...)  MAG_PAIRS_FILL_0()
#define MAG_PAIRS_FILL_MANY(...) MAG_PAIRS_FILL_0()
#define MAG_PAIRS_FILL_0(...)
#define MAG_PAIRS_FILL_1(t, a) args_->a = a;
#define MAG_PAIRS_FILL_2(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_1(__VA_ARGS__)
#define MAG_PAIRS_FILL_3(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_2(__VA_ARGS__)
#define MAG_PAIRS_FILL_4(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_3(__VA_ARGS__)
#define MAG_PAIRS_FILL_5(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_4(__VA_ARGS__)
#define MAG_PAIRS_FILL_6(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_5(__VA_ARGS__)
#define MAG_PAIRS_FILL_7(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_6(__VA_ARGS__)
#define MAG_PAIRS_FILL_8(t, a, ...) \
    args_->a = a;                   \
    MAG_PAIRS_FILL_7(__VA_ARGS__)

#define MAG_PAIRS_PASS(...)      MAG_PAIRS_OF(MAG_PAIRS_PASS_, __VA_ARGS__)
#define MAG_PAIRS_PASS_NONE(...) MAG_PAIRS_PASS_0()
#define MAG_PAIRS_PASS_ODD(...)  MAG_PAIRS_PASS_0()
#define MAG_PAIRS_PASS_MANY(...) MAG_PAIRS_PASS_0()
#define MAG_PAIRS_PASS_0(...)
#define MAG_PAIRS_PASS_1(t, a)      , args_->a
#define MAG_PAIRS_PASS_2(t, a, ...) , args_->a MAG_PAIRS_PASS_1(__VA_ARGS__)
#define MAG_PAIRS_PASS_3(t, a, ...) , args_->a MAG_PAIRS_PASS_2(__VA_ARGS__)
#define MAG_PAIRS_PASS_4(t, a, ...) , args_->a MAG_PAIRS_PASS_3(__VA_ARGS__)
#define MAG_PAIRS_PASS_5(t, a, ...) , args_->a MAG_PAIRS_PASS_4(__VA_ARGS__)
#define MAG_PAIRS_PASS_6(t, a, ...) , args_->a MAG_PAIRS_PASS_5(__VA_ARGS__)
#define MAG_PAIRS_PASS_7(t, a, ...) , args_->a MAG_PAIRS_PASS_6(__VA_ARGS__)
#define MAG_PAIRS_PASS_8(t, a, ...) , args_->a MAG_PAIRS_PASS_7(__VA_ARGS__)

/* The fields of *args_ as arguments, with none before them. */
#define MAG_PAIRS_ARGS(...)      MAG_PAIRS_OF(MAG_PAIRS_ARGS_, __VA_ARGS__)
#define MAG_PAIRS_ARGS_NONE(...) MAG_PAIRS_ARGS_0()
#define MAG_PAIRS_ARGS_ODD(...)  MAG_PAIRS_ARGS_0()
#define MAG_PAIRS_ARGS_MANY(...) MAG_PAIRS_ARGS_0()
#define MAG_PAIRS_ARGS_0(...)
#define MAG_PAIRS_ARGS_1(t, a)      args_->a
#define MAG_PAIRS_ARGS_2(t, a, ...) args_->a MAG_PAIRS_PASS_1(__VA_ARGS__)
#define MAG_PAIRS_ARGS_3(t, a, ...) args_->a MAG_PAIRS_PASS_2(__VA_ARGS__)
#define MAG_PAIRS_ARGS_4(t, a, ...) args_->a MAG_PAIRS_PASS_3(__VA_ARGS__)
#define MAG_PAIRS_ARGS_5(t, a, ...) args_->a MAG_PAIRS_PASS_4(__VA_ARGS__)
#define MAG_PAIRS_ARGS_6(t, a, ...) args_->a MAG_PAIRS_PASS_5(__VA_ARGS__)
#define MAG_PAIRS_ARGS_7(t, a, ...) args_->a MAG_PAIRS_PASS_6(__VA_ARGS__)
#define MAG_PAIRS_ARGS_8(t, a, ...) args_->a MAG_PAIRS_PASS_7(__VA_ARGS__)

/* Parameters behind others. */
#define MAG_PAIRS_BEHIND(...)      MAG_PAIRS_OF(MAG_PAIRS_BEHIND_, __VA_ARGS__)
#define MAG_PAIRS_BEHIND_NONE(...) MAG_PAIRS_BEHIND_0()
#define MAG_PAIRS_BEHIND_ODD(...)  MAG_PAIRS_BEHIND_0()
#define MAG_PAIRS_BEHIND_MANY(...) MAG_PAIRS_BEHIND_0()
#define MAG_PAIRS_BEHIND_0(...)
#define MAG_PAIRS_BEHIND_1(t, a)      , t a
#define MAG_PAIRS_BEHIND_2(t, a, ...) , t a MAG_PAIRS_BEHIND_1(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_3(t, a, ...) , t a MAG_PAIRS_BEHIND_2(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_4(t, a, ...) , t a MAG_PAIRS_BEHIND_3(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_5(t, a, ...) , t a MAG_PAIRS_BEHIND_4(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_6(t, a, ...) , t a MAG_PAIRS_BEHIND_5(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_7(t, a, ...) , t a MAG_PAIRS_BEHIND_6(__VA_ARGS__)
#define MAG_PAIRS_BEHIND_8(t, a, ...) , t a MAG_PAIRS_BEHIND_7(__VA_ARGS__)

/* Parameters. */
#define MAG_PAIRS_PARAMS(...)         MAG_PAIRS_OF(MAG_PAIRS_PARAMS_, __VA_ARGS__)
#define MAG_PAIRS_PARAMS_NONE(...)    void
#define MAG_PAIRS_PARAMS_ODD(...)     void
#define MAG_PAIRS_PARAMS_MANY(...)    void
#define MAG_PAIRS_PARAMS_0(...)       void
#define MAG_PAIRS_PARAMS_1(t, a)      t a
#define MAG_PAIRS_PARAMS_2(t, a, ...) t a MAG_PAIRS_BEHIND_1(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_3(t, a, ...) t a MAG_PAIRS_BEHIND_2(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_4(t, a, ...) t a MAG_PAIRS_BEHIND_3(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_5(t, a, ...) t a MAG_PAIRS_BEHIND_4(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_6(t, a, ...) t a MAG_PAIRS_BEHIND_5(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_7(t, a, ...) t a MAG_PAIRS_BEHIND_6(__VA_ARGS__)
#define MAG_PAIRS_PARAMS_8(t, a, ...) t a MAG_PAIRS_BEHIND_7(__VA_ARGS__)

/* `then` if there are no pairs. */
#define MAG_PAIRS_IF_NONE(then, ...) \
    MAG_PAIRS_CAT(MAG_PAIRS_IF_NONE_, MAG_PAIRS_COUNT(__VA_ARGS__))(then)
#define MAG_PAIRS_IF_NONE_NONE(then) then
#define MAG_PAIRS_IF_NONE_ODD(then)  then
#define MAG_PAIRS_IF_NONE_MANY(then) then
#define MAG_PAIRS_IF_NONE_0(then)    then
#define MAG_PAIRS_IF_NONE_1(then)
#define MAG_PAIRS_IF_NONE_2(then)
#define MAG_PAIRS_IF_NONE_3(then)
#define MAG_PAIRS_IF_NONE_4(then)
#define MAG_PAIRS_IF_NONE_5(then)
#define MAG_PAIRS_IF_NONE_6(then)
#define MAG_PAIRS_IF_NONE_7(then)
#define MAG_PAIRS_IF_NONE_8(then)

/* Fields of a struct that has no others, and the assignments to them. */
#define MAG_PAIRS_STRUCT(...)     \
    MAG_PAIRS_FIELDS(__VA_ARGS__) \
    MAG_PAIRS_IF_NONE(char none_;, __VA_ARGS__)
#define MAG_PAIRS_FILL_STRUCT(...) \
    MAG_PAIRS_FILL(__VA_ARGS__)    \
    MAG_PAIRS_IF_NONE(args_->none_ = 0;, __VA_ARGS__)

/* ------------------------------------------------------------------- checks */

#define MAG_PAIRS_ASSERT(...) MAG_PAIRS_OF(MAG_PAIRS_ASSERT_, __VA_ARGS__)
#define MAG_PAIRS_ASSERT_NONE(...)                                                 \
    MAG_STATIC_ASSERT(0, "where a function takes no arguments, say void in place " \
                         "of their list");
#define MAG_PAIRS_ASSERT_ODD(...)                                                    \
    MAG_STATIC_ASSERT(0, "arguments are pairs, with a comma between type and name: " \
                         "int, n, long, m; a type with a comma needs a typedef");
#define MAG_PAIRS_ASSERT_MANY(...)                                                    \
    MAG_STATIC_ASSERT(0, "eight arguments at most: put them into a struct, and pass " \
                         "that or its address");
#define MAG_PAIRS_ASSERT_0(...)
#define MAG_PAIRS_ASSERT_1(...)
#define MAG_PAIRS_ASSERT_2(...)
#define MAG_PAIRS_ASSERT_3(...)
#define MAG_PAIRS_ASSERT_4(...)
#define MAG_PAIRS_ASSERT_5(...)
#define MAG_PAIRS_ASSERT_6(...)
#define MAG_PAIRS_ASSERT_7(...)
#define MAG_PAIRS_ASSERT_8(...)

/* Whether `holds`, one of the macros below, is true of every pair. */
#define MAG_PAIRS_ALL(holds, ...) \
    MAG_PAIRS_ALL_(holds, MAG_PAIRS_COUNT(__VA_ARGS__), __VA_ARGS__)
#define MAG_PAIRS_ALL_(holds, count, ...) \
    MAG_PAIRS_CAT(MAG_PAIRS_ALL_, count)(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_NONE(holds, ...) 1
#define MAG_PAIRS_ALL_ODD(holds, ...)  1
#define MAG_PAIRS_ALL_MANY(holds, ...) 1
#define MAG_PAIRS_ALL_0(holds, ...)    1
#define MAG_PAIRS_ALL_1(holds, t, a)   holds(t, a)
#define MAG_PAIRS_ALL_2(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_1(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_3(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_2(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_4(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_3(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_5(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_4(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_6(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_5(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_7(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_6(holds, __VA_ARGS__)
#define MAG_PAIRS_ALL_8(holds, t, a, ...) \
    holds(t, a) && MAG_PAIRS_ALL_7(holds, __VA_ARGS__)

#define MAG_PAIR_IS_WHOLE(t, a) \
    MAG_SPELLS_WHOLE(MAG_SPELLED(t)) && MAG_SPELLS_WHOLE(MAG_SPELLED(a))
#define MAG_PAIR_IS_NAMED(t, a) MAG_SPELLS_NAME(MAG_SPELLED(a))
#define MAG_PAIR_IS_OBJECT(t, a) \
    MAG_SPELLS_OBJECT(MAG_SPELLED(t)) && MAG_SPELLS_NO_ARRAY(MAG_SPELLED(a))
#define MAG_PAIR_IS_NO_CONST(t, a) !MAG_IS_CONST(t)
#define MAG_PAIR_IS_VALUE(t, a)    !MAG_IS_REFERENCE(t)
#define MAG_PAIR_IS_COPYABLE(t, a) MAG_IS_COPYABLE(t)

/* Asserts that the list of the function `name` is right.  The text of the assertion says
 * what is wrong, and how to mend it. */
#define MAG_CHECK_PAIRS(name, ...)                                                \
    MAG_PAIRS_ASSERT(__VA_ARGS__)                                                 \
    __extension__ enum {                                                          \
        name##_args_are_whole = MAG_PAIRS_ALL(MAG_PAIR_IS_WHOLE, __VA_ARGS__),    \
        name##_args_are_objects = MAG_PAIRS_ALL(MAG_PAIR_IS_OBJECT, __VA_ARGS__), \
        name##_args_are_named = MAG_PAIRS_ALL(MAG_PAIR_IS_NAMED, __VA_ARGS__)     \
    };                                                                            \
    MAG_ASSERT_WHOLE(name##_args_are_whole)                                       \
    MAG_ASSERT_OBJECT(name##_args_are_objects)                                    \
    MAG_STATIC_ASSERT(name##_args_are_named,                                      \
                      "arguments are pairs, with a comma between "                \
                      "type and name: int, n, long, m");                          \
    MAG_ASSERT_NO_REFERENCE(MAG_PAIRS_ALL(MAG_PAIR_IS_VALUE, __VA_ARGS__))        \
    MAG_ASSERT_NO_CONST(MAG_PAIRS_ALL(MAG_PAIR_IS_NO_CONST, __VA_ARGS__))         \
    MAG_ASSERT_COPYABLE(MAG_PAIRS_ALL(MAG_PAIR_IS_COPYABLE, __VA_ARGS__))

#endif
