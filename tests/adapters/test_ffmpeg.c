/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on the workers of a scheduler, beside a graph's own threads. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavutil/imgutils.h>
#include <magpie/adapters/ffmpeg.h>
#include <magpie/loop.h>

/* The loops that the adapter has run. */
static _Atomic(uint64_t) loops;

int __real_mag_for_with(struct mag_sched *sched, const struct mag_for_options *options,
                        struct mag_range *ret_failed, size_t begin, size_t end,
                        mag_for_body body, void *arg);
int __wrap_mag_for_with(struct mag_sched *sched, const struct mag_for_options *options,
                        struct mag_range *ret_failed, size_t begin, size_t end,
                        mag_for_body body, void *arg);

int __wrap_mag_for_with(struct mag_sched *sched, const struct mag_for_options *options,
                        struct mag_range *ret_failed, size_t begin, size_t end,
                        mag_for_body body, void *arg)
{
    (void)test_add(&loops, 1);
    return __real_mag_for_with(sched, options, ret_failed, begin, end, body, arg);
}

enum { FRAMES = 5, THREADS = 3, WIDTH = 320, HEIGHT = 240 };

/* A moving test picture, through filters that divide frames into slices. */
static const char filters[] =
    "testsrc2=size=320x240:rate=25,format=yuv420p,gblur=sigma=2,"
    "hflip,unsharp,format=rgb24,buffersink@out";

struct movie {
    int frames;
    uint8_t *bytes; /* of all frames */
    size_t count;
};

static void read_frames(AVFilterContext *sink, struct movie *movie)
{
    int size = av_image_get_buffer_size(AV_PIX_FMT_RGB24, WIDTH, HEIGHT, 1);
    AVFrame *frame = av_frame_alloc();

    assert_non_null(frame);
    movie->count = (size_t)size * FRAMES;
    movie->bytes = malloc(movie->count);
    for (movie->frames = 0; movie->frames < FRAMES; movie->frames++) {
        assert_int_equal(av_buffersink_get_frame(sink, frame), 0);
        assert_int_equal(frame->format, AV_PIX_FMT_RGB24);
        assert_int_equal(
            av_image_copy_to_buffer(movie->bytes + (size_t)size * (size_t)movie->frames,
                                    size, (const uint8_t *const *)frame->data,
                                    frame->linesize, AV_PIX_FMT_RGB24, WIDTH, HEIGHT, 1),
            size);
        av_frame_unref(frame);
    }
    av_frame_free(&frame);
}

/* `sched` NULL: the graph's own threads. */
static struct movie run_graph(struct mag_sched *sched, bool stopped)
{
    AVFilterGraph *graph = avfilter_graph_alloc();
    struct movie movie = {0, NULL, 0};
    AVFilterInOut *in = NULL;
    AVFilterInOut *out = NULL;

    assert_non_null(graph);
    graph->nb_threads = sched == NULL ? THREADS : 0;
    if (sched != NULL)
        assert_int_equal(mag_ffmpeg_use(graph, sched), 0);
    assert_int_equal(graph->nb_threads, THREADS);
    if (stopped)
        assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(avfilter_graph_parse2(graph, filters, &in, &out), 0);
    assert_int_equal(avfilter_graph_config(graph, NULL), 0);
    read_frames(avfilter_graph_get_filter(graph, "buffersink@out"), &movie);
    avfilter_inout_free(&in);
    avfilter_inout_free(&out);
    avfilter_graph_free(&graph);
    return movie;
}

static void compare(bool stopped)
{
    struct mag_sched *sched = test_sched_start(THREADS);
    struct movie own = run_graph(NULL, false);
    assert_int_equal(test_read(&loops), 0);
    struct movie ours = run_graph(sched, stopped);

    assert_true(test_read(&loops) > 0);
    atomic_init(&loops, 0);
    assert_int_equal(own.count, ours.count);
    assert_memory_equal(own.bytes, ours.bytes, own.count);
    free(own.bytes);
    free(ours.bytes);
    mag_sched_destroy(sched);
}

static void frames_are_those_of_its_own_threads(void **state)
{
#ifdef TEST_UNDER_TSAN
    print_message("skipped: FFmpeg is built without ThreadSanitizer\n");
    skip();
#endif
    (void)state;
    compare(false);
}

static void a_stopped_scheduler_leaves_it_to_the_caller(void **state)
{
#ifdef TEST_UNDER_TSAN
    print_message("skipped: FFmpeg is built without ThreadSanitizer\n");
    skip();
#endif
    (void)state;
    compare(true);
}

/* -------------------------------------------------------- what a filter asks for */

enum { SLICES = 50 };

static _Atomic(uint64_t) calls;

static int run_slice(AVFilterContext *filter, void *arg, int slice, int count)
{
    (void)filter;
    (void)arg;
    (void)test_add(&calls, 1);
    return count == SLICES ? -slice : 1;
}

static void each_slice_runs_once_and_returns_its_own_result(void **state)
{
    struct mag_sched *sched = test_sched_start(THREADS);
    AVFilterGraph *graph = avfilter_graph_alloc();
    int results[SLICES];
    (void)state;

    assert_int_equal(mag_ffmpeg_use(graph, sched), 0);
    AVFilterContext *filter =
        avfilter_graph_alloc_filter(graph, avfilter_get_by_name("null"), "any");
    assert_non_null(filter);
    atomic_init(&calls, 0);
    assert_int_equal(graph->execute(filter, run_slice, NULL, results, SLICES), 0);
    for (int i = 0; i < SLICES; i++)
        assert_int_equal(results[i], -i);
    assert_int_equal(graph->execute(filter, run_slice, NULL, NULL, SLICES), 0);
    assert_int_equal(test_read(&calls), 2 * SLICES);
    avfilter_graph_free(&graph);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_those_of_its_own_threads),
        cmocka_unit_test(a_stopped_scheduler_leaves_it_to_the_caller),
        cmocka_unit_test(each_slice_runs_once_and_returns_its_own_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
