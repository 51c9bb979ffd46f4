/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/slab.h"
#include "tests/support/cmocka.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"

#include <string.h>

static void a_slab_holds_its_objects_and_little_else(void **state)
{
    static const size_t alignments[] = {1, 16, 64, 4096};
    (void)state;

    for (size_t size = 1; size <= (1 << 20); size = size * 3 / 2 + 1) {
        for (unsigned i = 0; i < 4; i++) {
            size_t stride = (size + alignments[i] - 1) & ~(alignments[i] - 1);
            struct mag_pool_shape shape;

            mag_pool_shape_init(&shape, stride, alignments[i], 0);
            size_t cells = offsetof(struct mag_pool_slab, cells) +
                           shape.objects * sizeof(struct mag_pool_cell);
            assert_true(shape.objects >= 8);
            assert_int_equal(shape.slab_size & (shape.slab_size - 1), 0);
            assert_true(cells <= shape.first);
            assert_int_equal(shape.first % alignments[i], 0);
            size_t used = shape.first + shape.objects * stride;
            assert_true(used <= shape.slab_size);
            /* There is no room for one more object. */
            assert_true(shape.slab_size - used < stride + sizeof(struct mag_pool_cell) +
                                                     alignments[i] + MAG_CACHE_LINE);
        }
    }
}

static void slabs_are_no_larger_than_a_small_limit_needs(void **state)
{
    struct mag_pool_shape shape;
    (void)state;

    mag_pool_shape_init(&shape, 64, 64, 1);
    assert_int_equal(shape.slab_size, 4096);
    mag_pool_shape_init(&shape, 64, 64, 1000);
    assert_int_equal(shape.slab_size, 128 << 10);
    assert_true(shape.objects >= 1000);
    mag_pool_shape_init(&shape, 1 << 20, 16, 1);
    assert_int_equal(shape.slab_size, 2 << 20);
    mag_pool_shape_init(&shape, 64, 64, UINT64_MAX);
    assert_int_equal(shape.slab_size, 256 << 10);
}

/* Moves a random selection of a slab's objects to the front, in random order. */
static void shuffle(void **objects, uint32_t count, uint64_t *random)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)(test_random(random) % i);
        void *object = objects[i - 1];
        objects[i - 1] = objects[j];
        objects[j] = object;
    }
}

static struct mag_pool_slab *map_slab(const struct mag_pool_shape *shape)
{
    struct mag_pool_slab *slab = NULL;
    enum mag_placed placed;

    assert_int_equal(mag_pool_slab_map(shape, machine, 0, &slab, &placed), 0);
    assert_int_equal((uintptr_t)slab & (shape->slab_size - 1), 0);
    return slab;
}

static void a_chain_of_any_length_is_read_as_it_was_written(void **state)
{
    enum { OBJECTS = 400 };
    static const size_t strides[] = {1, 24, 64, 520};
    uint64_t random = test_seed();
    (void)state;

    for (unsigned i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
        struct mag_pool_shape shape;
        void *objects[OBJECTS];
        void *again[POOL_CHAIN_MAX];

        mag_pool_shape_init(&shape, strides[i], 1, 0);
        struct mag_pool_slab *slab = map_slab(&shape);
        /* Cells may contain anything from earlier chains. */
        memset(slab->cells, 0xff, shape.objects * sizeof(slab->cells[0]));
        for (uint32_t j = 0; j < OBJECTS; j++)
            objects[j] = mag_pool_slab_object(&shape, slab, j);
        for (uint32_t length = 1; length <= POOL_CHAIN_MAX; length++) {
            shuffle(objects, OBJECTS, &random);
            mag_pool_link *head = mag_pool_chain(&shape, objects, length);
            assert_int_equal(mag_pool_unchain(&shape, head, again), length);
            assert_memory_equal(again, objects, length * sizeof(objects[0]));
        }
        mag_pool_slab_unmap(slab);
    }
}

static void slabs_are_aligned_wherever_the_system_maps_them(void **state)
{
    enum { SLABS = 40 };
    struct mag_pool_shape shape;
    struct mag_pool_slab *slabs[SLABS];
    void *between[SLABS];
    enum mag_placed placed;
    (void)state;

    mag_pool_shape_init(&shape, 64, 64, 0);
    for (unsigned i = 0; i < SLABS; i++) {
        slabs[i] = map_slab(&shape);
        slabs[i]->cells[shape.objects - 1].right = 1;
        memset(mag_pool_slab_object(&shape, slabs[i], shape.objects - 1), 1, 64);
        assert_int_equal(mag_node_map(machine, 0, 4096, &between[i], &placed), 0);
    }
    for (unsigned i = 0; i < SLABS; i++) {
        mag_pool_slab_unmap(slabs[i]);
        mag_node_unmap(between[i], 4096);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slab_holds_its_objects_and_little_else),
        cmocka_unit_test(slabs_are_no_larger_than_a_small_limit_needs),
        cmocka_unit_test(a_chain_of_any_length_is_read_as_it_was_written),
        cmocka_unit_test(slabs_are_aligned_wherever_the_system_maps_them),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
