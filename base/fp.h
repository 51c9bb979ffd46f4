/*
 * fp.h - the modes of a thread's floating-point arithmetic: rounding, precision, flush to
 * zero, and which exceptions trap.  They are one number, so that they can be compared.
 * The exception flags, which operations leave behind, are not part of the modes.  Private
 * to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FP_H
#define BASE_FP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#    include <fenv.h>
#endif

typedef uint64_t mag_fp;

#if defined(__x86_64__)

/* The exception flags of MXCSR; in the x87 control word the same bits say which
 * exceptions do not trap. */
#    define MAG_FP_FLAGS  0x3fU
#    define MAG_FP_MASKED 0x3fU

static inline mag_fp mag_fp_read(void)
{
    uint32_t mxcsr;
    uint16_t control;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
    return (mag_fp)control << 32 | (mxcsr & ~MAG_FP_FLAGS);
}

/* Whether the thread's modes are others than those at `modes`: without making one number
 * of them first. */
static inline bool mag_fp_differ(const mag_fp *modes)
{
    uint32_t mxcsr, wanted;
    uint16_t control, wanted_control;

    memcpy(&wanted, modes, sizeof(wanted));
    memcpy(&wanted_control, (const char *)modes + sizeof(wanted), sizeof(wanted_control));
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
    return ((mxcsr ^ wanted) & ~MAG_FP_FLAGS) != 0 || control != wanted_control;
}

static inline void mag_fp_write(mag_fp modes)
{
    uint32_t mxcsr;
    uint16_t control = (uint16_t)(modes >> 32);

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    mxcsr = (uint32_t)modes | (mxcsr & MAG_FP_FLAGS);
    /* If an exception begins to trap, an old flag of it would trap at once. */
    if ((control & MAG_FP_MASKED) != MAG_FP_MASKED)
        __asm__ volatile("fnclex");
    __asm__ volatile("fldcw %0\n\tldmxcsr %1" : : "m"(control), "m"(mxcsr));
}

#elif defined(__aarch64__)

static inline mag_fp mag_fp_read(void)
{
    uint64_t modes;

    __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
    return modes;
}

static inline void mag_fp_write(mag_fp modes)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(modes));
}

#else

/* All that standard C offers: the rounding. */
static inline mag_fp mag_fp_read(void)
{
    return (mag_fp)fegetround();
}

static inline void mag_fp_write(mag_fp modes)
{
    (void)fesetround((int)modes);
}

#endif

#if !defined(__x86_64__)
static inline bool mag_fp_differ(const mag_fp *modes)
{
    return mag_fp_read() != *modes;
}
#endif

/* Restores `modes` if the thread may have changed them. */
static inline void mag_fp_keep(mag_fp modes)
{
    if (__builtin_expect(mag_fp_differ(&modes), 0))
        mag_fp_write(modes);
}

#endif
