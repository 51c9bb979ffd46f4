/*
 * check.h - the assertions about types, which C++98 has not: the library's own build
 * makes them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_DETAIL_CHECK_H
#define TESTS_MODEL_SHIM_MAGPIE_DETAIL_CHECK_H

#define MAG_CHECK_TYPE(name, text, ...)

#endif
