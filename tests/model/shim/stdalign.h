/*
 * stdalign.h - alignment means nothing to a model checker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_STDALIGN_H
#define TESTS_MODEL_SHIM_STDALIGN_H

#define alignas(bytes)

#endif
