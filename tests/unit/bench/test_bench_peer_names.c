/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/peer.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

enum { PATH = 512 };

static void names_are_taken_once_and_bad_ones_are_reported(void **state)
{
    static const char *const bad[] = {"",    ",",     "openm", "openmp,", "openmpp",
                                      "Tbb", "tbb,x", "a,tbb", "all,alll"};
    static const char *const told[] = {"",    "",  "openm", "",    "openmpp",
                                       "Tbb", "x", "a",     "alll"};
    struct bench_peers peers = {0};
    char name[BENCH_NAME];
    (void)state;

    assert_true(bench_peers_take(&peers, "tbb,openmp,tbb", name, sizeof(name)));
    assert_int_equal(peers.count, 2);
    assert_string_equal(peers.peers[0].name, "tbb");
    assert_string_equal(peers.peers[1].name, "openmp");
    assert_true(bench_peers_take(&peers, "all", name, sizeof(name)));
    assert_int_equal(peers.count, 10);
    for (uint32_t i = 0; i < peers.count; i++)
        assert_non_null(strstr(bench_peers_names(), peers.peers[i].name));

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bench_peers none = {0};

        assert_false(bench_peers_take(&none, bad[i], name, sizeof(name)));
        assert_string_equal(name, told[i]);
    }
}

static void a_peer_has_whole_workloads_and_not_parts_of_their_names(void **state)
{
    const struct bench_peer peer = {.name = "openmp"};
    const struct bench_peer stranger = {.name = "nobody"};
    (void)state;

    assert_true(bench_peer_has(&peer, "fib"));
    assert_true(bench_peer_has(&peer, "regions"));
    assert_false(bench_peer_has(&peer, "region"));
    assert_false(bench_peer_has(&peer, "timer-pair"));
    assert_false(bench_peer_has(&stranger, "fib"));
}

static void states_have_names_and_a_strange_one_means_failed(void **state)
{
    (void)state;

    for (enum bench_peer_state s = BENCH_PEER_READY; s <= BENCH_PEER_FAILED; s++)
        assert_int_equal(bench_peer_state_named(bench_peer_state_name(s)), s);
    assert_int_equal(bench_peer_state_named("on holiday"), BENCH_PEER_FAILED);
}

static void the_cache_is_that_of_the_user(void **state)
{
    char path[PATH];
    (void)state;

    assert_int_equal(setenv("XDG_CACHE_HOME", "/x", 1), 0);
    assert_int_equal(setenv("HOME", "/h", 1), 0);
    assert_true(bench_peers_cache(path, sizeof(path)));
    assert_string_equal(path, "/x/magpie/peers");
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_true(bench_peers_cache(path, sizeof(path)));
    assert_string_equal(path, "/h/.cache/magpie/peers");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_false(bench_peers_cache(path, sizeof(path)));
}

static void the_sources_can_be_somewhere_else(void **state)
{
    char path[PATH];
    (void)state;

    assert_true(bench_peers_sources(path, sizeof(path)));
    assert_string_equal(path, MAG_SOURCE_DIR "/bench/peers");
    assert_int_equal(setenv("MAGPIE_PEERS", "/elsewhere", 1), 0);
    assert_true(bench_peers_sources(path, sizeof(path)));
    assert_string_equal(path, "/elsewhere");
    assert_int_equal(unsetenv("MAGPIE_PEERS"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_once_and_bad_ones_are_reported),
        cmocka_unit_test(a_peer_has_whole_workloads_and_not_parts_of_their_names),
        cmocka_unit_test(states_have_names_and_a_strange_one_means_failed),
        cmocka_unit_test(the_cache_is_that_of_the_user),
        cmocka_unit_test(the_sources_can_be_somewhere_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
