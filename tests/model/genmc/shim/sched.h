/*
 * sched.h - a yield is nothing to a model checker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_GENMC_SHIM_SCHED_H
#define TESTS_MODEL_GENMC_SHIM_SCHED_H

#define sched_yield() 0

#endif
