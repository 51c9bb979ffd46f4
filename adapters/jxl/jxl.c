/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/adapters/jxl.h>
#include <magpie/default.h>
#include <magpie/loop.h>

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(run_numbers, JxlParallelRunFunction, function, void *, jxl)

static int run_numbers(struct mag_range range, uint32_t slot,
                       JxlParallelRunFunction function, void *jxl)
{
    for (size_t i = range.begin; i < range.end; i++)
        function(jxl, (uint32_t)i, slot);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): libjxl says what it is. */
JxlParallelRetCode mag_jxl_runner(void *sched, void *jxl, JxlParallelRunInit prepare,
                                  JxlParallelRunFunction function, uint32_t begin,
                                  uint32_t end)
{
    struct mag_sched *here = sched;
    struct mag_for_options options = {.grain = 1, .heavy = true};

    if (begin > end || (here == NULL && mag_sched_default(&here) != 0))
        return JXL_PARALLEL_RET_RUNNER_ERROR;
    options.limit = mag_sched_workers(here);
    if (options.limit > MAG_FOR_LIMIT_MAX)
        options.limit = MAG_FOR_LIMIT_MAX;
    JxlParallelRetCode r = prepare(jxl, options.limit);
    if (r != 0)
        return r;
    r = run_numbers_for_with(here, &options, NULL, begin, end, function, jxl);
    return r == 0 ? 0 : JXL_PARALLEL_RET_RUNNER_ERROR;
}
