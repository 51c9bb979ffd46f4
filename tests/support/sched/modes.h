/*
 * modes.h - the floating-point modes of a thread, read and set without the library's
 * functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_MODES_H
#define TESTS_SUPPORT_SCHED_MODES_H

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __x86_64__
#    include <xmmintrin.h>
#endif

struct modes {
    int rounding;
    uint32_t mxcsr; /* without its flags; 0 on other processors */
    uint16_t control;
};

static inline struct modes modes_now(void)
{
    struct modes modes = {.rounding = fegetround()};

#ifdef __x86_64__
    modes.mxcsr = _mm_getcsr() & ~0x3fU;
    __asm__ volatile("fnstcw %0" : "=m"(modes.control));
#endif
    return modes;
}

static inline bool same_modes(struct modes a, struct modes b)
{
    return a.rounding == b.rounding && a.mxcsr == b.mxcsr && a.control == b.control;
}

/* Sets the rounding.  On x86-64 it also flushes results and operands to zero, and gives
 * the x87 the precision of a double. */
static inline void set_modes(int rounding)
{
    (void)fesetround(rounding);
#ifdef __x86_64__
    uint16_t control;

    _mm_setcsr(_mm_getcsr() | 0x8040U);
    __asm__ volatile("fnstcw %0" : "=m"(control));
    control = (uint16_t)((control & ~0x300U) | 0x200U);
    __asm__ volatile("fldcw %0" : : "m"(control));
#endif
}

static inline void reset_modes(void)
{
    (void)fesetenv(FE_DFL_ENV);
}

#endif
