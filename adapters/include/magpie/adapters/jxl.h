/*
 * jxl.h - libjxl's work on the workers of a scheduler, in place of threads of libjxl's
 * own.
 *
 *     #include <jxl/decode.h>
 *     #include <magpie/adapters/jxl.h>
 *
 *     JxlDecoderSetParallelRunner(decoder, mag_jxl_runner, sched);
 *     JxlEncoderSetParallelRunner(encoder, mag_jxl_runner, sched);
 *
 *     cc program.c $(pkg-config --cflags --libs magpie-jxl)
 *
 * The model.  libjxl asks a runner to call a function for each number of a range, and is
 * told which thread calls, as a small number.  The range becomes a loop, and the thread a
 * slot number (<magpie/loop.h>).  libjxl prepares for as many threads as the scheduler
 * has workers, 64 at most.  The thread that calls libjxl takes part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ADAPTERS_JXL_H
#define MAGPIE_ADAPTERS_JXL_H

#include <jxl/parallel_runner.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/*
 * A JxlParallelRunner.  libjxl calls it.
 *
 *   sched      the opaque argument, a struct mag_sched that must outlive the decoder or
 *              encoder; NULL: the default scheduler
 *   Thread     any, also a job
 *   Blocks     until all calls have returned
 *   Returns    0; what `prepare` returned; JXL_PARALLEL_RET_RUNNER_ERROR the scheduler is
 *              stopping or the default one cannot be started: libjxl then fails
 */
JxlParallelRetCode mag_jxl_runner(void *sched, void *jxl, JxlParallelRunInit prepare,
                                  JxlParallelRunFunction function, uint32_t begin,
                                  uint32_t end);

MAG_EXTERN_C_END

#endif
