/*
 * fftw.h - FFTW's transforms on the workers of a scheduler, in place of threads of FFTW's
 * own.
 *
 *     #include <fftw3.h>
 *     #include <magpie/adapters/fftw.h>
 *
 *     if (mag_fftw_use(NULL) != 0) // once, before the first plan
 *         return 1;
 *     plan = fftw_plan_dft_2d(2048, 2048, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
 *     fftw_execute(plan);          // from any thread, also from jobs
 *
 *     cc program.c $(pkg-config --cflags --libs magpie-fftw)
 *
 * The model.  FFTW 3.3.9 and later can be told how to run the parts of a transform.
 * They become a loop (<magpie/loop.h>) with one index for each part.  The thread that
 * calls fftw_execute takes part.  Results are those of FFTW's own threads, bit by bit:
 * the plan alone decides how a transform is divided.
 *
 * The three functions are for double, float and long double.  A program links the
 * libraries of FFTW for those that it calls: fftw3_threads, fftw3f_threads,
 * fftw3l_threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ADAPTERS_FFTW_H
#define MAGPIE_ADAPTERS_FFTW_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/*
 * Makes FFTW use a scheduler for all its transforms, and as many parts as the scheduler
 * has workers for the plans that are made from now on.  fftw_plan_with_nthreads sets
 * another number.  fftw_threads_set_callback with NULL goes back to FFTW's own threads.
 *
 * The scheduler must outlive the transforms.  While it is stopping, they run on the
 * thread that calls fftw_execute alone.
 *
 *   sched      NULL: the default scheduler
 *   Thread     one at a time, as FFTW's planner
 *   Allocates  yes, as FFTW does
 *   Returns    0; -ENOMEM FFTW could not prepare for threads; with NULL also an error of
 *              mag_sched_default
 */
MAG_MUST_CHECK int mag_fftw_use(struct mag_sched *sched);
MAG_MUST_CHECK int mag_fftwf_use(struct mag_sched *sched);
MAG_MUST_CHECK int mag_fftwl_use(struct mag_sched *sched);

MAG_EXTERN_C_END

#endif
