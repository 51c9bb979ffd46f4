/* SPDX-License-Identifier: Apache-2.0 */
#include <libavfilter/avfilter.h>
#include <magpie/adapters/ffmpeg.h>
#include <magpie/default.h>
#include <magpie/loop.h>

/* The slices that a filter asks for. */
struct slices {
    AVFilterContext *filter;
    avfilter_action_func *run;
    void *arg;
    int *results; /* or NULL */
    int count;
};

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(run_slices, const struct slices *, slices)

static int run_slices(struct mag_range range, uint32_t slot, const struct slices *slices)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        int r = slices->run(slices->filter, slices->arg, (int)i, slices->count);

        if (slices->results != NULL)
            slices->results[i] = r;
    }
    return 0;
}

static int execute(AVFilterContext *filter, avfilter_action_func *run, void *arg,
                   int *results, /* NOLINT(readability-non-const-parameter): theirs */
                   int count)
{
    const struct slices slices = {filter, run, arg, results, count};
    const struct mag_for_options options = {.grain = 1, .heavy = true};
    size_t end = count > 0 ? (size_t)count : 0;

    /* Without the scheduler this thread runs all slices. */
    if (run_slices_for_with(filter->graph->opaque, &options, NULL, 0, end, &slices) != 0)
        (void)run_slices((struct mag_range){0, end}, 0, &slices);
    return 0;
}

int mag_ffmpeg_use(struct AVFilterGraph *graph, struct mag_sched *sched)
{
    int r = sched != NULL ? 0 : mag_sched_default(&sched);

    if (r != 0)
        return r;
    graph->execute = execute;
    graph->opaque = sched;
    if (graph->nb_threads == 0)
        graph->nb_threads = (int)mag_sched_workers(sched);
    return 0;
}
