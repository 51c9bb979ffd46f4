/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms on the workers of a scheduler, beside those of FFTW's own threads. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <fftw3.h>
#include <magpie/adapters/fftw.h>
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

enum { THREADS = 3, SIZE_MAX_2D = 256 };

static double random_number(uint64_t *random)
{
    return (double)(test_random(random) % 2000001) / 1000000 - 1;
}

/* The transform of a square of random numbers.  The plan is an estimate: a measured one
 * may differ from run to run. */
static fftw_complex *transform(int size, uint64_t random)
{
    size_t count = (size_t)size * (size_t)size;
    fftw_complex *in = fftw_alloc_complex(count);
    fftw_complex *out = fftw_alloc_complex(count);
    fftw_plan plan = fftw_plan_dft_2d(size, size, in, out, FFTW_FORWARD, FFTW_ESTIMATE);

    assert_non_null(plan);
    for (size_t i = 0; i < count; i++) {
        in[i][0] = random_number(&random);
        in[i][1] = random_number(&random);
    }
    fftw_execute(plan);
    fftw_destroy_plan(plan);
    fftw_free(in);
    return out;
}

/* Goes back to FFTW's own threads. */
static void use_own_threads(void)
{
    assert_int_not_equal(fftw_init_threads(), 0);
    fftw_plan_with_nthreads(THREADS);
    fftw_threads_set_callback(NULL, NULL);
}

static void results_are_those_of_its_own_threads(void **state)
{
    struct mag_sched *sched = test_sched_start(THREADS);
    uint64_t seed = test_seed();
    (void)state;

    for (int size = 8; size <= SIZE_MAX_2D; size *= 2) {
        use_own_threads();
        uint64_t before = test_read(&loops);
        fftw_complex *own = transform(size, seed);
        assert_int_equal(test_read(&loops), before);
        assert_int_equal(mag_fftw_use(sched), 0);
        fftw_complex *ours = transform(size, seed);

        assert_true(test_read(&loops) > before || size < SIZE_MAX_2D);
        assert_memory_equal(own, ours,
                            (size_t)size * (size_t)size * sizeof(fftw_complex));
        fftw_free(own);
        fftw_free(ours);
    }
    use_own_threads();
    mag_sched_destroy(sched);
}

static void each_precision_has_its_own(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    fftwf_complex *single = fftwf_alloc_complex(1 << 14);
    fftwl_complex *extended = fftwl_alloc_complex(1 << 14);
    (void)state;

    assert_int_equal(mag_fftwf_use(sched), 0);
    assert_int_equal(mag_fftwl_use(sched), 0);
    fftwf_plan f =
        fftwf_plan_dft_2d(128, 128, single, single, FFTW_FORWARD, FFTW_ESTIMATE);
    fftwl_plan l =
        fftwl_plan_dft_2d(128, 128, extended, extended, FFTW_FORWARD, FFTW_ESTIMATE);
    for (int i = 0; i < 1 << 14; i++) {
        single[i][0] = 1;
        single[i][1] = 0;
        extended[i][0] = 1;
        extended[i][1] = 0;
    }
    fftwf_execute(f);
    fftwl_execute(l);
    /* A constant has one frequency: 0. */
    assert_true(single[0][0] == 1 << 14 && single[1][0] == 0);
    assert_true(extended[0][0] == 1 << 14 && extended[1][0] == 0);
    fftwf_destroy_plan(f);
    fftwl_destroy_plan(l);
    fftwf_free(single);
    fftwl_free(extended);
    fftwf_threads_set_callback(NULL, NULL);
    fftwl_threads_set_callback(NULL, NULL);
    mag_sched_destroy(sched);
}

static void a_stopped_scheduler_leaves_it_to_the_caller(void **state)
{
    struct mag_sched *sched = test_sched_start(THREADS);
    uint64_t seed = test_seed();
    (void)state;

    use_own_threads();
    fftw_complex *own = transform(64, seed);
    assert_int_equal(mag_fftw_use(sched), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    fftw_complex *ours = transform(64, seed);
    assert_memory_equal(own, ours, 64 * 64 * sizeof(fftw_complex));
    fftw_free(own);
    fftw_free(ours);
    use_own_threads();
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_those_of_its_own_threads),
        cmocka_unit_test(each_precision_has_its_own),
        cmocka_unit_test(a_stopped_scheduler_leaves_it_to_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
