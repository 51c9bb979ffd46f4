/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/probe.h"

#include <magpie/cancel.h>

#include <stdlib.h>

/* More links than a small stack has room for nested calls. */
enum { LINKS = 1000000, STACK = 128 * 1024 };

struct chain {
    struct mag_cancel *sources; /* LINKS + 1 of them, each the parent of the next */
    struct mag_cancel_link *links;
    uint32_t fired;
};

static void chain_open(struct chain *chain)
{
    chain->sources = calloc(LINKS + 1, sizeof(*chain->sources));
    chain->links = calloc(LINKS, sizeof(*chain->links));
    chain->fired = 0;
    assert_true(chain->sources != NULL && chain->links != NULL);
}

static void chain_close(struct chain *chain)
{
    free(chain->sources);
    free(chain->links);
}

/* Runs `body` on a small stack. */
static void on_a_small_stack(void *(*body)(void *), struct chain *chain)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *returned = NULL;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, body, chain), 0);
    assert_int_equal(pthread_join(thread, &returned), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_ptr_equal(returned, chain);
}

static void count(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct chain *chain = object;

    (void)cancel;
    (void)key;
    chain->fired++;
}

static void *fire_a_chain(void *arg)
{
    struct chain *chain = arg;
    struct mag_cancel_registration last = {0};
    int r = mag_cancel_register(&chain->sources[LINKS], &last, count, chain, 0);

    for (uint32_t i = 0; i < LINKS; i++)
        mag_cancel_link(&chain->links[i], &chain->sources[i + 1], &chain->sources[i]);
    return r == 0 && mag_cancel_fire(&chain->sources[0]) ? chain : NULL;
}

static void a_chain_of_a_million_links_fires_on_a_small_stack(void **state)
{
    struct chain chain;
    (void)state;

    chain_open(&chain);
    on_a_small_stack(fire_a_chain, &chain);
    assert_int_equal(chain.fired, 1);
    for (uint32_t i = 0; i <= LINKS; i++)
        assert_true(mag_cancel_has_fired(&chain.sources[i]) &&
                    chain.sources[i].running == NULL && chain.sources[i].first == NULL);
    chain_close(&chain);
}

/* From the last to the first: each link fires everything that was linked before it. */
static void *link_to_what_has_fired(void *arg)
{
    struct chain *chain = arg;

    for (uint32_t i = LINKS; i-- > 1;)
        mag_cancel_link(&chain->links[i], &chain->sources[i + 1], &chain->sources[i]);
    if (!mag_cancel_fire(&chain->sources[0]))
        return NULL;
    mag_cancel_link(&chain->links[0], &chain->sources[1], &chain->sources[0]);
    return chain;
}

static void a_link_to_a_fired_source_fires_a_chain_on_a_small_stack(void **state)
{
    struct chain chain;
    (void)state;

    chain_open(&chain);
    on_a_small_stack(link_to_what_has_fired, &chain);
    for (uint32_t i = 0; i <= LINKS; i++)
        assert_true(mag_cancel_has_fired(&chain.sources[i]));
    chain_close(&chain);
}

static void *unlink_a_chain(void *arg)
{
    struct chain *chain = arg;

    for (uint32_t i = 0; i < LINKS; i++)
        mag_cancel_link(&chain->links[i], &chain->sources[i + 1], &chain->sources[i]);
    for (uint32_t i = 0; i < LINKS; i++)
        mag_cancel_unlink(&chain->links[i]);
    return mag_cancel_fire(&chain->sources[0]) ? chain : NULL;
}

static void a_chain_that_was_unlinked_fires_its_first_source_alone(void **state)
{
    struct chain chain;
    (void)state;

    chain_open(&chain);
    on_a_small_stack(unlink_a_chain, &chain);
    assert_true(mag_cancel_has_fired(&chain.sources[0]));
    for (uint32_t i = 1; i <= LINKS; i++)
        assert_false(mag_cancel_has_fired(&chain.sources[i]));
    chain_close(&chain);
}

/* ------------------------------------------------------------------ order in a tree */

struct visit {
    struct mag_cancel_registration registration;
    char name;
};

static char visited[16];
static struct mag_cancel_link *link_to_undo;

static void visit(void *object, struct mag_cancel *cancel, uint64_t key)
{
    size_t length = strlen(visited);

    (void)cancel;
    (void)key;
    visited[length] = ((struct visit *)object)->name;
    visited[length + 1] = '\0';
    if (link_to_undo != NULL)
        mag_cancel_unlink(link_to_undo);
}

static void add(struct mag_cancel *cancel, struct visit *at, char name)
{
    at->name = name;
    assert_int_equal(mag_cancel_register(cancel, &at->registration, visit, at, 0), 0);
}

/* root: a, [left: b, [both: c], d], [right: e, [both]], f - and left back to root. */
static void a_tree_of_links_fires_the_latest_first_and_each_source_once(void **state)
{
    struct mag_cancel root = {0};
    struct mag_cancel left = {0};
    struct mag_cancel right = {0};
    struct mag_cancel both = {0};
    struct mag_cancel_link links[5] = {0};
    struct visit visits[6];
    (void)state;

    memset(visits, 0, sizeof(visits));
    visited[0] = '\0';
    add(&both, &visits[2], 'c');
    add(&left, &visits[1], 'b');
    mag_cancel_link(&links[0], &both, &left);
    mag_cancel_link(&links[1], &root, &left);
    add(&left, &visits[3], 'd');
    add(&right, &visits[4], 'e');
    mag_cancel_link(&links[2], &both, &right);
    add(&root, &visits[0], 'a');
    mag_cancel_link(&links[3], &left, &root);
    mag_cancel_link(&links[4], &right, &root);
    add(&root, &visits[5], 'f');
    assert_true(mag_cancel_fire(&root));
    assert_string_equal(visited, "fcedba");
    assert_false(mag_cancel_fire(&left) || mag_cancel_fire(&right) ||
                 mag_cancel_fire(&both) || mag_cancel_fire(&root));
    for (unsigned i = 0; i < 5; i++)
        mag_cancel_unlink(&links[i]);
}

static void a_callback_may_undo_the_link_that_fires_it(void **state)
{
    struct mag_cancel root = {0};
    struct mag_cancel child = {0};
    struct mag_cancel_link link = {0};
    struct visit visits[2];
    (void)state;

    memset(visits, 0, sizeof(visits));
    visited[0] = '\0';
    add(&root, &visits[0], 'a');
    mag_cancel_link(&link, &child, &root);
    add(&child, &visits[1], 'b');
    link_to_undo = &link;
    assert_true(mag_cancel_fire(&root));
    link_to_undo = NULL;
    assert_string_equal(visited, "ba");
}

/* --------------------------------------------------------------------- two threads */

struct gated {
    struct mag_cancel_registration registration;
    _Atomic(uint64_t) entered;
    _Atomic(uint64_t) leave;
    _Atomic(uint64_t) unlinked;
    struct mag_cancel_link *link;
    bool left;
};

static void stand_still(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct gated *gated = object;

    (void)cancel;
    (void)key;
    /* release: the test may go on. */
    atomic_store_explicit(&gated->entered, 1, memory_order_release);
    (void)test_wait_for(&gated->leave, 1);
    gated->left = true;
}

static void *fire_it(void *cancel)
{
    return mag_cancel_fire(cancel) ? cancel : NULL;
}

static void *unlink_it(void *arg)
{
    struct gated *gated = arg;
    bool left;

    mag_cancel_unlink(gated->link);
    left = gated->left;
    /* release: the test's thread reads after it. */
    atomic_store_explicit(&gated->unlinked, 1, memory_order_release);
    return left ? arg : NULL;
}

/* Parent, child and grandchild: the callback runs at the end of the chain, while another
 * thread undoes the link at its head. */
static void unlinking_elsewhere_waits_until_the_whole_child_has_fired(void **state)
{
    struct mag_cancel sources[3] = {0};
    struct mag_cancel_link links[2] = {0};
    struct gated gated = {.link = &links[0]};
    pthread_t threads[2];
    void *returned[2];
    (void)state;

    for (unsigned i = 0; i < 2; i++)
        mag_cancel_link(&links[i], &sources[i + 1], &sources[i]);
    assert_int_equal(
        mag_cancel_register(&sources[2], &gated.registration, stand_still, &gated, 0), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, fire_it, &sources[0]), 0);
    assert_true(test_wait_for(&gated.entered, 1));
    assert_int_equal(pthread_create(&threads[1], NULL, unlink_it, &gated), 0);
    test_sleep_ms(20);
    /* acquire: what the callback saw is visible. */
    assert_int_equal(atomic_load_explicit(&gated.unlinked, memory_order_acquire), 0);
    /* release: the callback may end. */
    atomic_store_explicit(&gated.leave, 1, memory_order_release);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], &returned[i]), 0);
    assert_ptr_equal(returned[0], &sources[0]);
    assert_ptr_equal(returned[1], &gated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_a_million_links_fires_on_a_small_stack),
        cmocka_unit_test(a_link_to_a_fired_source_fires_a_chain_on_a_small_stack),
        cmocka_unit_test(a_chain_that_was_unlinked_fires_its_first_source_alone),
        cmocka_unit_test(a_tree_of_links_fires_the_latest_first_and_each_source_once),
        cmocka_unit_test(a_callback_may_undo_the_link_that_fires_it),
        cmocka_unit_test(unlinking_elsewhere_waits_until_the_whole_child_has_fired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
