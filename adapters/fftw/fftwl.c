/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fftw/parts.h"

#include <errno.h>
#include <fftw3.h>
#include <magpie/adapters/fftw.h>

int mag_fftwl_use(struct mag_sched *sched)
{
    int threads;
    int r = mag_fftw_choose(&sched, &threads);

    if (r != 0)
        return r;
    if (fftwl_init_threads() == 0)
        return -ENOMEM;
    fftwl_plan_with_nthreads(threads);
    fftwl_threads_set_callback(mag_fftw_run_parts, sched);
    return 0;
}
