/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures encoded and decoded on the workers of a scheduler, beside libjxl's own
 * threads. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <jxl/decode.h>
#include <jxl/encode.h>
#include <jxl/thread_parallel_runner.h>
#include <magpie/adapters/jxl.h>

/* A picture of several of libjxl's groups, of 256 x 256 each. */
enum { WIDTH = 700, HEIGHT = 500, BYTES = WIDTH * HEIGHT * 3, WORKERS = 3 };

static const JxlPixelFormat format = {3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
static uint8_t picture[BYTES];

struct bytes {
    uint8_t *at;
    size_t count;
};

/* Smooth, with a little noise. */
static void draw(void)
{
    uint64_t random = test_seed();

    for (unsigned i = 0; i < BYTES; i++)
        picture[i] = (uint8_t)(i / 3 % WIDTH / 4 + i / 3 / WIDTH / 8 +
                               test_random_below(&random, 9));
}

static JxlEncoder *encoder_of(JxlParallelRunner runner, void *opaque)
{
    JxlEncoder *encoder = JxlEncoderCreate(NULL);
    JxlBasicInfo info;
    JxlColorEncoding color;

    assert_non_null(encoder);
    assert_int_equal(JxlEncoderSetParallelRunner(encoder, runner, opaque), 0);
    JxlEncoderInitBasicInfo(&info);
    info.xsize = WIDTH;
    info.ysize = HEIGHT;
    info.bits_per_sample = 8;
    info.uses_original_profile = JXL_FALSE;
    assert_int_equal(JxlEncoderSetBasicInfo(encoder, &info), JXL_ENC_SUCCESS);
    JxlColorEncodingSetToSRGB(&color, JXL_FALSE);
    assert_int_equal(JxlEncoderSetColorEncoding(encoder, &color), JXL_ENC_SUCCESS);
    return encoder;
}

static JxlEncoderStatus add_picture(JxlEncoder *encoder)
{
    JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(encoder, NULL);

    assert_int_equal(
        JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 3),
        JXL_ENC_SUCCESS);
    JxlEncoderStatus status =
        JxlEncoderAddImageFrame(settings, &format, picture, sizeof(picture));
    JxlEncoderCloseInput(encoder);
    return status;
}

static struct bytes encode(JxlParallelRunner runner, void *opaque)
{
    JxlEncoder *encoder = encoder_of(runner, opaque);
    struct bytes bytes = {malloc(BYTES), 0};
    uint8_t *next = bytes.at;
    size_t left = BYTES;

    assert_int_equal(add_picture(encoder), JXL_ENC_SUCCESS);
    assert_int_equal(JxlEncoderProcessOutput(encoder, &next, &left), JXL_ENC_SUCCESS);
    bytes.count = BYTES - left;
    JxlEncoderDestroy(encoder);
    return bytes;
}

static uint8_t *decode(struct bytes from, JxlParallelRunner runner, void *opaque)
{
    JxlDecoder *decoder = JxlDecoderCreate(NULL);
    uint8_t *pixels = malloc(BYTES);

    assert_non_null(decoder);
    assert_int_equal(JxlDecoderSetParallelRunner(decoder, runner, opaque), 0);
    assert_int_equal(JxlDecoderSubscribeEvents(decoder, JXL_DEC_FULL_IMAGE), 0);
    assert_int_equal(JxlDecoderSetInput(decoder, from.at, from.count), 0);
    assert_int_equal(JxlDecoderProcessInput(decoder), JXL_DEC_NEED_IMAGE_OUT_BUFFER);
    assert_int_equal(JxlDecoderSetImageOutBuffer(decoder, &format, pixels, BYTES), 0);
    assert_int_equal(JxlDecoderProcessInput(decoder), JXL_DEC_FULL_IMAGE);
    JxlDecoderDestroy(decoder);
    return pixels;
}

static void pictures_are_those_of_its_own_threads(void **state)
{
#ifdef TEST_UNDER_TSAN
    print_message("skipped: libjxl is built without ThreadSanitizer\n");
    skip();
#endif
    struct mag_sched *sched = test_sched_start(WORKERS);
    void *threads = JxlThreadParallelRunnerCreate(NULL, WORKERS);
    (void)state;

    draw();
    struct bytes own = encode(JxlThreadParallelRunner, threads);
    struct bytes ours = encode(mag_jxl_runner, sched);
    assert_int_equal(own.count, ours.count);
    assert_memory_equal(own.at, ours.at, own.count);

    uint8_t *own_pixels = decode(own, JxlThreadParallelRunner, threads);
    uint8_t *our_pixels = decode(own, mag_jxl_runner, sched);
    assert_memory_equal(own_pixels, our_pixels, BYTES);

    free(own_pixels);
    free(our_pixels);
    free(own.at);
    free(ours.at);
    JxlThreadParallelRunnerDestroy(threads);
    mag_sched_destroy(sched);
}

static void a_stopped_scheduler_is_an_error_of_the_encoder(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    JxlEncoder *encoder = encoder_of(mag_jxl_runner, sched);
    static uint8_t buffer[BYTES];
    uint8_t *next = buffer;
    size_t left = BYTES;
    (void)state;

    draw();
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    if (add_picture(encoder) == JXL_ENC_SUCCESS)
        assert_int_equal(JxlEncoderProcessOutput(encoder, &next, &left), JXL_ENC_ERROR);
    JxlEncoderDestroy(encoder);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------------- what libjxl asks for */

struct asked {
    size_t threads;
    _Atomic(uint64_t) calls;
    _Atomic(uint64_t) sum;
    _Atomic(uint64_t) strangers;
};

static JxlParallelRetCode note_threads(void *arg, size_t threads)
{
    struct asked *asked = arg;

    asked->threads = threads;
    return threads > WORKERS ? 7 : 0;
}

static void note_call(void *arg, uint32_t value, size_t thread)
{
    struct asked *asked = arg;

    (void)test_add(&asked->calls, 1);
    (void)test_add(&asked->sum, value);
    (void)test_add(&asked->strangers, thread >= asked->threads);
}

static void each_number_is_called_by_a_thread_that_was_announced(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    struct asked asked = {.threads = 0};
    (void)state;

    assert_int_equal(mag_jxl_runner(sched, &asked, note_threads, note_call, 10, 110), 0);
    assert_int_equal(asked.threads, WORKERS);
    assert_int_equal(test_read(&asked.calls), 100);
    assert_int_equal(test_read(&asked.sum), 5950);
    assert_int_equal(test_read(&asked.strangers), 0);
    assert_int_equal(mag_jxl_runner(sched, &asked, note_threads, note_call, 5, 5), 0);
    assert_int_equal(mag_jxl_runner(sched, &asked, note_threads, note_call, 5, 4),
                     JXL_PARALLEL_RET_RUNNER_ERROR);
    assert_int_equal(test_read(&asked.calls), 100);
    mag_sched_destroy(sched);
}

static void what_the_preparation_returns_is_returned(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS + 1);
    struct asked asked = {.threads = 0};
    (void)state;

    assert_int_equal(mag_jxl_runner(sched, &asked, note_threads, note_call, 0, 10), 7);
    assert_int_equal(test_read(&asked.calls), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_those_of_its_own_threads),
        cmocka_unit_test(a_stopped_scheduler_is_an_error_of_the_encoder),
        cmocka_unit_test(each_number_is_called_by_a_thread_that_was_announced),
        cmocka_unit_test(what_the_preparation_returns_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
