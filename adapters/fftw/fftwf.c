/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fftw/parts.h"

#include <errno.h>
#include <fftw3.h>
#include <magpie/adapters/fftw.h>

int mag_fftwf_use(struct mag_sched *sched)
{
    int threads;
    int r = mag_fftw_choose(&sched, &threads);

    if (r != 0)
        return r;
    if (fftwf_init_threads() == 0)
        return -ENOMEM;
    fftwf_plan_with_nthreads(threads);
    fftwf_threads_set_callback(mag_fftw_run_parts, sched);
    return 0;
}
