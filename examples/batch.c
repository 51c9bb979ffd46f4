/*
 * batch.c - a batch tool: checksums of many files, with progress on a terminal, and a
 * Ctrl-C that stops cleanly.
 *
 *     batch FILE...       prints a checksum for each file
 *     batch               makes 200 files, interrupts itself half way, and checks that
 *                         each file is either done or withdrawn
 *
 * Each file is a job of a group.  At most as many run at a time as there are workers, so
 * few files are open.  SIGINT is blocked in all threads but one, which waits for it and
 * cancels the group: files that have begun are finished, and the others do not begin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT: the system asks for this name */

#include <errno.h>
#include <magpie/default.h>
#include <magpie/group.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OWN_FILES = 200, PERIOD_NS = 100000000 };

struct file {
    char name[4096];
    uint64_t sum;
    bool done;
};

static struct mag_group *group;
static _Atomic(bool) interrupted;

/* --------------------------------------------------------------------- one file */

static int checksum(void *arg)
{
    struct file *file = arg;
    FILE *from = fopen(file->name, "rb");
    unsigned char block[65536];
    size_t got;

    if (from == NULL)
        return -errno;
    file->sum = 14695981039346656037U; /* FNV-1a */
    while ((got = fread(block, 1, sizeof(block), from)) > 0) {
        for (size_t i = 0; i < got; i++)
            file->sum = (file->sum ^ block[i]) * 1099511628211U;
    }
    int error = ferror(from) != 0 ? -EIO : 0;
    (void)fclose(from);
    file->done = error == 0;
    return error;
}

/* ------------------------------------------------------------------- the signal */

static void *wait_for_signal(void *set)
{
    int signal;

    if (sigwait(set, &signal) == 0 && signal == SIGINT) {
        /* relaxed: read after the thread was joined. */
        atomic_store_explicit(&interrupted, true, memory_order_relaxed);
        (void)mag_group_cancel(group);
    }
    return NULL;
}

/* Before the first thread starts: all of them then block the signals. */
static int hold_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGUSR1); /* ends the thread that waits */
    return -pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* ------------------------------------------------------------------- the batch */

static void show_progress(size_t count)
{
    struct mag_group_counts counts;

    if (isatty(STDERR_FILENO) == 1 && mag_group_counts(group, &counts) == 0)
        (void)fprintf(stderr, "\r%llu of %zu files", (unsigned long long)counts.ended,
                      count);
}

/* Waits, and shows how far it is meanwhile. */
static int wait_for_all(size_t count)
{
    int r;

    while ((r = mag_group_wait(group, PERIOD_NS, NULL)) == -ETIMEDOUT)
        show_progress(count);
    show_progress(count);
    if (isatty(STDERR_FILENO) == 1)
        (void)fputc('\n', stderr);
    return r;
}

static void tell_errors(void)
{
    struct mag_group_error failed;

    while (mag_group_take_error(group, &failed) == 0)
        (void)fprintf(stderr, "batch: %s: %s\n", ((struct file *)failed.arg)->name,
                      mag_error_text(failed.error));
}

static int run(struct file *files, size_t count, bool interrupt)
{
    for (size_t i = 0; i < count; i++) {
        int error = mag_group_add(group, checksum, &files[i]);

        if (interrupt && i == count / 2)
            (void)kill(getpid(), SIGINT);
        if (error != 0) /* canceled meanwhile, or no memory */
            break;
    }
    int r = wait_for_all(count);
    tell_errors();
    return r;
}

/* ------------------------------------------------------------ files of its own */

static bool make_files(struct file *files, char *folder)
{
    if (mkdtemp(folder) == NULL)
        return false;
    for (int i = 0; i < OWN_FILES; i++) {
        (void)snprintf(files[i].name, sizeof(files[i].name), "%s/%d", folder, i);
        FILE *to = fopen(files[i].name, "wb");
        if (to == NULL)
            return false;
        for (int k = 0; k < 2000; k++)
            (void)fprintf(to, "%d\n", i * k);
        (void)fclose(to);
    }
    return true;
}

/* Each file is done, and then its sum is right; or it was withdrawn. */
static bool check_files(struct file *files)
{
    struct mag_group_counts counts;
    uint64_t done = 0;
    bool right = mag_group_counts(group, &counts) == 0;

    for (int i = 0; i < OWN_FILES; i++) {
        struct file again = files[i];

        right = right &&
                (!files[i].done || (checksum(&again) == 0 && again.sum == files[i].sum));
        done += files[i].done;
    }
    printf("%llu files done, %llu withdrawn\n", (unsigned long long)done,
           (unsigned long long)counts.withdrawn);
    return right && done == counts.ended && counts.waiting == 0 && counts.running == 0;
}

static void remove_files(struct file *files, const char *folder)
{
    for (int i = 0; i < OWN_FILES; i++)
        (void)unlink(files[i].name);
    (void)rmdir(folder);
}

static bool check_itself(void)
{
    static struct file files[OWN_FILES];
    char folder[] = "/tmp/batch-XXXXXX";
    bool right = make_files(files, folder);

    if (right) {
        int r = run(files, OWN_FILES, true);

        right = (r == 0 || r == -ECANCELED) && check_files(files);
    }
    remove_files(files, folder);
    return right;
}

static bool print_sums(char **names, int count)
{
    struct file *files = calloc((size_t)count, sizeof(*files));
    int r = -ENOMEM;

    if (files != NULL) {
        for (int i = 0; i < count; i++)
            (void)snprintf(files[i].name, sizeof(files[i].name), "%s", names[i]);
        r = run(files, (size_t)count, false);
        for (int i = 0; i < count; i++) {
            if (files[i].done)
                printf("%016llx  %s\n", (unsigned long long)files[i].sum, files[i].name);
        }
    }
    free(files);
    return r == 0;
}

int main(int argc, char **argv)
{
    struct mag_group_config config;
    struct mag_sched *sched;
    pthread_t catcher;
    sigset_t signals;
    int error = hold_signals(&signals);

    mag_group_config_init(&config);
    if (error == 0)
        error = mag_sched_default(&sched);
    if (error == 0) {
        config.max_running = mag_sched_workers(sched);
        error = mag_group_create(sched, &config, &group);
    }
    if (error == 0)
        error = -pthread_create(&catcher, NULL, wait_for_signal, &signals);
    if (error != 0) {
        (void)fprintf(stderr, "batch: %s\n", mag_call_text(error));
        return 1;
    }
    bool right = argc > 1 ? print_sums(argv + 1, argc - 1) : check_itself();

    (void)pthread_kill(catcher, SIGUSR1);
    (void)pthread_join(catcher, NULL);
    (void)mag_group_destroy(group);
    /* relaxed: as above. */
    if (argc > 1 && atomic_load_explicit(&interrupted, memory_order_relaxed))
        return 130;
    return right ? 0 : 1;
}
