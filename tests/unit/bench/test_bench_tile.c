/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/tile.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = KERNEL_TILE, CELLS = KERNEL_TILE_CELLS, FORMS = 8 };

struct tiles {
    double a[CELLS];
    double b[CELLS];
    double c[CELLS];
    double wanted[CELLS];
};

static double small_integer(uint64_t *random)
{
    return (double)(test_random_below(random, 19)) - 9;
}

/* Whatever C held before is kept in the sum. */
static void fill(struct tiles *tiles, uint64_t *random)
{
    for (size_t i = 0; i < CELLS; i++) {
        tiles->a[i] = small_integer(random);
        tiles->b[i] = small_integer(random);
        tiles->c[i] = small_integer(random);
        tiles->wanted[i] = tiles->c[i];
    }
    for (size_t i = 0; i < TILE; i++) {
        for (size_t j = 0; j < TILE; j++) {
            for (size_t k = 0; k < TILE; k++)
                tiles->wanted[i * TILE + j] +=
                    tiles->a[i * TILE + k] * tiles->b[k * TILE + j];
        }
    }
}

static void each_form_that_the_processor_has_adds_what_three_plain_loops_add(void **state)
{
    uint64_t random = test_seed();
    struct tiles *tiles = malloc(sizeof(*tiles));
    unsigned count = 0;
    (void)state;

    assert_non_null(tiles);
    for (const struct kernel_tile_form *form; (form = kernel_tile_form_at(count)) != NULL;
         count++) {
        print_message("%s\n", form->name);
        for (int round = 0; round < 3; round++) {
            fill(tiles, &random);
            form->add(tiles->a, tiles->b, tiles->c);
            assert_memory_equal(tiles->c, tiles->wanted, sizeof(tiles->c));
        }
    }
    free(tiles);
    assert_in_range(count, 1, FORMS);
}

static void the_first_form_is_the_one_that_is_taken(void **state)
{
    (void)state;

    assert_non_null(kernel_tile_form());
    assert_ptr_equal(kernel_tile_form(), kernel_tile_form_at(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            each_form_that_the_processor_has_adds_what_three_plain_loops_add),
        cmocka_unit_test(the_first_form_is_the_one_that_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
