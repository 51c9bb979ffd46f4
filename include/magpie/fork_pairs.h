/*
 * fork_pairs.h - lists of types and names, for the macros of fork.h and scope.h: turned
 * into fields, parameters, assignments and arguments.
 *
 * Not for users.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_PAIRS_H
#define MAGPIE_FORK_PAIRS_H

/* One to six pairs of type and name, turned into fields, parameters and arguments. */
#define MAG_FORK_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, pick, ...) pick
#define MAG_FORK_OF(kind, ...)                                                         \
    MAG_FORK_PICK(__VA_ARGS__, kind##6, MAG_FORK_ODD, kind##5, MAG_FORK_ODD, kind##4,  \
                  MAG_FORK_ODD, kind##3, MAG_FORK_ODD, kind##2, MAG_FORK_ODD, kind##1, \
                  MAG_FORK_ODD, )                                                      \
    (__VA_ARGS__)

#define MAG_FORK_FIELDS(...)    MAG_FORK_OF(MAG_FORK_FIELDS_, __VA_ARGS__)
#define MAG_FORK_FIELDS_1(t, a) t a;
#define MAG_FORK_FIELDS_2(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_1(__VA_ARGS__)
#define MAG_FORK_FIELDS_3(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_2(__VA_ARGS__)
#define MAG_FORK_FIELDS_4(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_3(__VA_ARGS__)
#define MAG_FORK_FIELDS_5(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_4(__VA_ARGS__)
#define MAG_FORK_FIELDS_6(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_5(__VA_ARGS__)

#define MAG_FORK_PARAMS(...)         MAG_FORK_OF(MAG_FORK_PARAMS_, __VA_ARGS__)
#define MAG_FORK_PARAMS_1(t, a)      t a
#define MAG_FORK_PARAMS_2(t, a, ...) t a, MAG_FORK_PARAMS_1(__VA_ARGS__)
#define MAG_FORK_PARAMS_3(t, a, ...) t a, MAG_FORK_PARAMS_2(__VA_ARGS__)
#define MAG_FORK_PARAMS_4(t, a, ...) t a, MAG_FORK_PARAMS_3(__VA_ARGS__)
#define MAG_FORK_PARAMS_5(t, a, ...) t a, MAG_FORK_PARAMS_4(__VA_ARGS__)
#define MAG_FORK_PARAMS_6(t, a, ...) t a, MAG_FORK_PARAMS_5(__VA_ARGS__)

#define MAG_FORK_FILL(...)    MAG_FORK_OF(MAG_FORK_FILL_, __VA_ARGS__)
#define MAG_FORK_FILL_1(t, a) args_->a = a;
#define MAG_FORK_FILL_2(t, a, ...) \
    args_->a = a;                  \
    MAG_FORK_FILL_1(__VA_ARGS__)
#define MAG_FORK_FILL_3(t, a, ...) \
    args_->a = a;                  \
    MAG_FORK_FILL_2(__VA_ARGS__)
#define MAG_FORK_FILL_4(t, a, ...) \
    args_->a = a;                  \
    MAG_FORK_FILL_3(__VA_ARGS__)
#define MAG_FORK_FILL_5(t, a, ...) \
    args_->a = a;                  \
    MAG_FORK_FILL_4(__VA_ARGS__)
#define MAG_FORK_FILL_6(t, a, ...) \
    args_->a = a;                  \
    MAG_FORK_FILL_5(__VA_ARGS__)

#define MAG_FORK_PASS(...)         MAG_FORK_OF(MAG_FORK_PASS_, __VA_ARGS__)
#define MAG_FORK_PASS_1(t, a)      args_->a
#define MAG_FORK_PASS_2(t, a, ...) args_->a, MAG_FORK_PASS_1(__VA_ARGS__)
#define MAG_FORK_PASS_3(t, a, ...) args_->a, MAG_FORK_PASS_2(__VA_ARGS__)
#define MAG_FORK_PASS_4(t, a, ...) args_->a, MAG_FORK_PASS_3(__VA_ARGS__)
#define MAG_FORK_PASS_5(t, a, ...) args_->a, MAG_FORK_PASS_4(__VA_ARGS__)
#define MAG_FORK_PASS_6(t, a, ...) args_->a, MAG_FORK_PASS_5(__VA_ARGS__)

#endif
