/*
 * ffmpeg.h - libavfilter's filters on the workers of a scheduler, in place of threads of
 * each filter graph.
 *
 *     #include <libavfilter/avfilter.h>
 *     #include <magpie/adapters/ffmpeg.h>
 *
 *     AVFilterGraph *graph = avfilter_graph_alloc();
 *     if (graph == NULL || mag_ffmpeg_use(graph, sched) != 0) // before the first filter
 *         return 1;
 *
 *     cc program.c $(pkg-config --cflags --libs magpie-ffmpeg)
 *
 * The model.  A filter that can divide a frame into slices asks the graph to run them.
 * They become a loop (<magpie/loop.h>) with one index for each slice.  The thread that
 * asks for a frame takes part.  Results are those of the graph's own threads, bit by bit,
 * for the same nb_threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ADAPTERS_FFMPEG_H
#define MAGPIE_ADAPTERS_FFMPEG_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

struct AVFilterGraph;

/*
 * Makes a filter graph use a scheduler.  Call it before the first filter is added.  It
 * sets `execute` and `opaque` of the graph; and `nb_threads`, if that is 0, to the number
 * of workers.
 *
 *   sched      NULL: the default scheduler.  It must outlive the graph.  While it is
 *              stopping, filters run on the thread that asks for a frame alone
 *   Thread     the owner of the graph
 *   Returns    0; with NULL also an error of mag_sched_default
 */
MAG_MUST_CHECK int mag_ffmpeg_use(struct AVFilterGraph *graph, struct mag_sched *sched);

MAG_EXTERN_C_END

#endif
