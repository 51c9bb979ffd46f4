/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/peer.h"
#include "bench/measure/peer_build.h"
#include "bench/measure/sweep.h"
#include "tests/support/bench/answers.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A folder for each test: sources/ with one peer, which calls itself openmp, cache/, and
 * bin/ for fake toolchains.
 */
static char root[32];
static char sources[64];
static char cache[64];
static char bin[64];

enum { PATH = 512, COMMAND = 2048 };

/* Runs a line of shell, which gets those folders from the environment. */
static void shell(const char *text)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        (void)execlp("sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int make_folders(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/magpie-peer-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(sources, sizeof(sources), "%s/sources", root);
    (void)snprintf(cache, sizeof(cache), "%s/deep/cache", root);
    (void)snprintf(bin, sizeof(bin), "%s/bin", root);
    if (setenv("ROOT", root, 1) != 0)
        return -1;
    shell("mkdir -p $ROOT/sources/openmp $ROOT/sources/common $ROOT/bin");
    return 0;
}

static int remove_folders(void **state)
{
    (void)state;
    shell("rm -rf $ROOT");
    return 0;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fchmod(fileno(file), 0755), 0);
    assert_int_equal(fclose(file), 0);
}

/* Writes the peer's build.sh.  `check` and `build` are lines of shell; $2 is the
 * directory. */
static void write_peer(const char *check, const char *build)
{
    char text[COMMAND];

    (void)snprintf(text, sizeof(text), "case $1 in check) %s ;; build) %s ;; esac\n",
                   check, build);
    write_file(sources, "openmp/build.sh", text);
}

/* Builds that count themselves, and make a lane that always answers 41. */
static const char counting[] =
    "echo built >>$2/builds; "
    "printf '#!/bin/sh\\necho ready; while read w && [ $w = run ]; do echo done 1 41; "
    "done\\n' >$2/peer; chmod +x $2/peer";

static struct bench_peer build(void)
{
    struct bench_peer peer = {.name = "openmp"};

    bench_peer_build(&peer, sources, cache);
    return peer;
}

static int count_builds(void)
{
    char path[PATH];
    char line[16];
    int count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/openmp/builds", cache);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        count++;
    if (file != NULL)
        (void)fclose(file);
    return count;
}

/* ------------------------------------------------------------------- builds */

static void a_peer_whose_toolchain_is_here_is_built_and_ready(void **state)
{
    struct bench_peer peer;
    (void)state;

    write_peer("echo toolchain 1; echo more", counting);
    peer = build();

    assert_int_equal(peer.state, BENCH_PEER_READY);
    assert_string_equal(peer.text, "toolchain 1");
    assert_int_equal(access(peer.program, X_OK), 0);
}

static void a_peer_without_toolchain_is_absent_and_is_not_built(void **state)
{
    struct bench_peer peer;
    (void)state;

    write_peer("echo there is no compiler; exit 3", counting);
    peer = build();

    assert_int_equal(peer.state, BENCH_PEER_ABSENT);
    assert_string_equal(peer.text, "there is no compiler");
    assert_int_equal(count_builds(), 0);
}

static void a_peer_is_built_again_only_when_something_has_changed(void **state)
{
    char path[PATH];
    (void)state;

    write_peer("echo toolchain 1", counting);
    for (int i = 0; i < 3; i++)
        assert_int_equal(build().state, BENCH_PEER_READY);
    assert_int_equal(count_builds(), 1);

    write_file(sources, "openmp/main.c", "one");
    (void)build();
    assert_int_equal(count_builds(), 2);
    write_file(sources, "openmp/main.c", "two");
    (void)build();
    assert_int_equal(count_builds(), 3);
    write_file(sources, "common/shared.h", "one");
    (void)build();
    assert_int_equal(count_builds(), 4);
    write_peer("echo toolchain 2", counting);
    assert_string_equal(build().text, "toolchain 2");
    assert_int_equal(count_builds(), 5);
    shell("mkdir $ROOT/sources/openmp/src && echo x >$ROOT/sources/openmp/src/deep.rs");
    (void)build();
    assert_int_equal(count_builds(), 6);
    (void)snprintf(path, sizeof(path), "%s/openmp/peer", cache);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(build().state, BENCH_PEER_READY);
    assert_int_equal(count_builds(), 7);
    (void)build();
    assert_int_equal(count_builds(), 7);
    shell("mkdir $ROOT/kernels && echo x >$ROOT/kernels/leaf.c");
    (void)build();
    assert_int_equal(count_builds(), 8);
    (void)build();
    assert_int_equal(count_builds(), 8);
}

/* An earlier build must not be used if the current one fails. */
static void a_build_that_fails_says_why_and_leaves_nothing_behind(void **state)
{
    struct bench_peer peer;
    (void)state;

    write_peer("echo toolchain", counting);
    peer = build();
    assert_int_equal(access(peer.program, X_OK), 0);
    write_peer(
        "echo toolchain",
        "echo building; echo 'main.c:3: error: no such luck'; echo 1 error; exit 1");
    peer = build();

    assert_int_equal(peer.state, BENCH_PEER_FAILED);
    assert_string_equal(peer.text, "main.c:3: error: no such luck");
    assert_int_equal(access(peer.program, X_OK), -1);
    assert_int_equal(build().state, BENCH_PEER_FAILED);
}

static void failures_that_say_little_are_failures_too(void **state)
{
    (void)state;

    write_peer("echo toolchain", "echo one; echo; echo '  two'; echo; exit 1");
    assert_string_equal(build().text, "two");
    write_peer("echo toolchain", "exit 1");
    assert_string_equal(build().text, "it says nothing");
    write_peer("echo toolchain", "kill -9 $$");
    assert_int_equal(build().state, BENCH_PEER_FAILED);
    write_peer("echo toolchain", "exit 0");
    assert_string_equal(build().text, "its build.sh left no program");
    write_peer("exit 4", counting);
    assert_string_equal(build().text, "its build.sh check ended with status 4");
    shell("rm -r $ROOT/sources/openmp");
    assert_int_equal(build().state, BENCH_PEER_FAILED);
}

static void what_a_build_says_is_kept_to_one_plain_line(void **state)
{
    struct bench_peer peer;
    (void)state;

    write_peer("printf 'tool\\033[1mchain\\n'",
               "printf 'an \\033[31merror\\007: %0999d\\nsecond\\n' 7; exit 1");
    peer = build();

    assert_int_equal(strncmp(peer.text, "an [31merror: 000", 17), 0);
    assert_int_equal(strlen(peer.text), BENCH_PEER_TEXT - 1);
}

static void a_cache_that_cannot_be_made_is_reported(void **state)
{
    struct bench_peer peer;
    (void)state;

    write_peer("echo toolchain", counting);
    write_file(root, "deep", "a file");
    peer = build();

    assert_int_equal(peer.state, BENCH_PEER_FAILED);
    assert_non_null(strstr(peer.text, strerror(ENOTDIR)));
}

static void two_processes_build_a_peer_once(void **state)
{
    char slow[COMMAND];
    pid_t pid;
    int status = -1;
    (void)state;

    (void)snprintf(slow, sizeof(slow), "sleep 0.2; %s", counting);
    write_peer("echo toolchain", slow);
    pid = fork();
    if (pid == 0)
        _exit(build().state == BENCH_PEER_READY ? 0 : 1);
    assert_int_equal(build().state, BENCH_PEER_READY);
    assert_int_equal(waitpid(pid, &status, 0), pid);

    assert_int_equal(status, 0);
    assert_int_equal(count_builds(), 1);
}

/* -------------------------------------- the real peers, with fake toolchains */

/* Runs the peers of the source tree with only bin/ on the path. */
static struct bench_peers build_real(const char *names)
{
    struct bench_peers peers = {0};
    const char *path = getenv("PATH");
    char *before = strdup(path != NULL ? path : "");
    char bad[BENCH_NAME];

    assert_non_null(before);
    assert_true(bench_peers_take(&peers, names, bad, sizeof(bad)));
    assert_int_equal(setenv("PATH", bin, 1), 0);
    bench_peers_build(&peers, MAG_SOURCE_DIR "/bench/peers", cache);
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
    return peers;
}

static void put_tools(void)
{
    shell("for tool in sh head awk cat basename dirname mkdir cp chmod rm; do "
          "ln -s \"$(command -v $tool)\" $ROOT/bin/$tool; done");
}

static void
every_peer_without_its_toolchain_is_absent_and_says_what_to_install(void **state)
{
    struct bench_peers peers;
    (void)state;

    put_tools();
    peers = build_real("all");
    for (uint32_t i = 0; i < peers.count; i++) {
        assert_int_equal(peers.peers[i].state, BENCH_PEER_ABSENT);
        assert_non_null(strstr(peers.peers[i].text, "there is no "));
    }
}

/* A compiler that ignores its input and makes a lane with a wrong answer. */
static const char fake_compiler[] =
    "#!/bin/sh\n"
    "[ \"$1\" = --version ] && echo 'gcc (fake) 1.0' && exit\n"
    "while [ \"$1\" != -o ]; do shift; done\n"
    "printf '#!/bin/sh\\necho ready\\nwhile read w && [ $w = run ]; do echo done 1 41; "
    "done\\n' >$2\n"
    "chmod +x $2\n";

/* A workload that the peers believe to be fib. */
static const struct bench_workload small = {
    .group = "fib",
    .name = "fib",
    .twin = "serial",
    .expected = forty_two,
    .run_twin = answer_42,
    .run_magpie = answer_42,
};

static void a_peer_whose_answer_is_wrong_is_reported_as_wrong(void **state)
{
    struct bench_sweep sweep = {.workers = {1, 2}, .worker_counts = 2, .runs = 2};
    struct bench_rows rows = {0};
    struct bench_peers peers;
    (void)state;

    put_tools();
    write_file(bin, "gcc", fake_compiler);
    peers = build_real("openmp");
    assert_int_equal(peers.peers[0].state, BENCH_PEER_READY);
    assert_string_equal(peers.peers[0].text, "gcc (fake) 1.0");
    sweep.peers = &peers;
    assert_int_equal(bench_sweep_case(&sweep, &small, 1, &rows), 0);

    assert_int_equal(rows.count, 5);
    for (size_t i = 0; i < rows.count; i++) {
        bool ours = i < 3;

        assert_int_equal(rows.rows[i].ok, ours);
        assert_string_equal(rows.rows[i].error, ours ? "" : "wrong answer: 41, not 42");
    }
    assert_string_equal(rows.rows[3].runtime, "openmp");
    assert_string_equal(rows.rows[4].runtime, "openmp");
    assert_int_equal(rows.rows[4].workers, 2);
    assert_string_equal(rows.rows[4].baseline, "serial");
    bench_rows_free(&rows);
}

static void a_compiler_that_fails_is_quoted(void **state)
{
    struct bench_peers peers;
    (void)state;

    put_tools();
    write_file(bin, "gcc",
               "#!/bin/sh\n[ \"$1\" = --version ] && echo gcc && exit\n"
               "echo 'ld: cannot find -lnettle'; echo collect2: error; exit 1\n");
    peers = build_real("openmp");

    assert_int_equal(peers.peers[0].state, BENCH_PEER_FAILED);
    assert_string_equal(peers.peers[0].text, "ld: cannot find -lnettle");
}

/* -------------------------------------------------------------------- sweeps */

static void a_sweep_leaves_out_peers_that_are_not_ready_or_lack_the_workload(void **state)
{
    struct bench_peers peers = {.count = 2};
    const struct bench_sweep sweep = {
        .workers = {1}, .worker_counts = 1, .runs = 1, .peers = &peers};
    struct bench_workload other = small;
    struct bench_rows rows = {0};
    (void)state;

    peers.peers[0] = (struct bench_peer){.name = "openmp", .state = BENCH_PEER_ABSENT};
    peers.peers[1] = (struct bench_peer){.name = "tbb", .program = "/nonexistent/peer"};
    other.name = "heat";
    assert_int_equal(bench_sweep_case(&sweep, &other, 1, &rows), 0);
    assert_int_equal(rows.count, 2);
    assert_int_equal(bench_sweep_case(&sweep, &small, 1, &rows), 0);

    assert_int_equal(rows.count, 5);
    assert_string_equal(rows.rows[4].runtime, "tbb");
    assert_string_equal(rows.rows[4].error,
                        "/nonexistent/peer: No such file or directory");
    bench_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_peer_whose_toolchain_is_here_is_built_and_ready,
                                        make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(
            a_peer_without_toolchain_is_absent_and_is_not_built, make_folders,
            remove_folders),
        cmocka_unit_test_setup_teardown(
            a_peer_is_built_again_only_when_something_has_changed, make_folders,
            remove_folders),
        cmocka_unit_test_setup_teardown(
            a_build_that_fails_says_why_and_leaves_nothing_behind, make_folders,
            remove_folders),
        cmocka_unit_test_setup_teardown(failures_that_say_little_are_failures_too,
                                        make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(what_a_build_says_is_kept_to_one_plain_line,
                                        make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(a_cache_that_cannot_be_made_is_reported,
                                        make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(two_processes_build_a_peer_once, make_folders,
                                        remove_folders),
        cmocka_unit_test_setup_teardown(
            every_peer_without_its_toolchain_is_absent_and_says_what_to_install,
            make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(a_peer_whose_answer_is_wrong_is_reported_as_wrong,
                                        make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(a_compiler_that_fails_is_quoted, make_folders,
                                        remove_folders),
        cmocka_unit_test(
            a_sweep_leaves_out_peers_that_are_not_ready_or_lack_the_workload),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
