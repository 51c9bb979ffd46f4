/*
 * Finds files of the same contents below a directory: each directory and each file is a
 * job of one group, which any job may add to.  A name that cannot be opened is an error
 * of its job, and does not end the search.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
/* NOLINTNEXTLINE: this is how one asks for mkdtemp and symlink. */
#define _XOPEN_SOURCE 700

#include <magpie/group.h>

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 64, PATH_ROOM = 400 };

/* A directory or file to look at, on the heap until its job has run. */
struct item {
    struct search *search;
    char path[PATH_ROOM];
};

struct found {
    char path[PATH_ROOM];
    unsigned long long hash;
};

struct search {
    struct mag_group *group;
    struct found files[FILES_MAX];
    _Atomic(int) count;
};

static int visit(void *arg);

static int add(struct search *search, const char *directory, const char *name)
{
    struct item *item = malloc(sizeof(*item));

    if (item == NULL)
        return -ENOMEM;
    item->search = search;
    (void)snprintf(item->path, PATH_ROOM, "%s%s%s", directory, *name != 0 ? "/" : "",
                   name);
    int r = mag_group_add(search->group, visit, item);
    if (r < 0)
        free(item); /* it was not taken */
    return r;
}

/* A directory: adds a job for each name in it. */
static int read_directory(struct item *item)
{
    DIR *directory = opendir(item->path);
    struct dirent *entry;
    int r = 0;

    if (directory == NULL)
        return -errno;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): `directory` is this job's alone. */
    while (r == 0 && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.')
            r = add(item->search, item->path, entry->d_name);
    }
    (void)closedir(directory);
    return r;
}

/* A file: remembers the hash of what it contains. */
static int read_file(struct item *item)
{
    FILE *file = fopen(item->path, "rb");
    unsigned long long hash = 14695981039346656037ULL;
    int byte;

    if (file == NULL)
        return -errno;
    while ((byte = getc(file)) != EOF)
        hash = (hash ^ (unsigned)byte) * 1099511628211ULL;
    (void)fclose(file);
    /* relaxed: only a number; the wait for the group orders the rest. */
    int index = atomic_fetch_add_explicit(&item->search->count, 1, memory_order_relaxed);
    if (index >= FILES_MAX)
        return -ENOSPC;
    item->search->files[index].hash = hash;
    (void)memcpy(item->search->files[index].path, item->path, PATH_ROOM);
    return 0;
}

static int visit(void *arg)
{
    struct item *item = (struct item *)arg;
    struct stat info;
    int r;

    if (stat(item->path, &info) != 0)
        r = -errno;
    else
        r = S_ISDIR(info.st_mode) ? read_directory(item) : read_file(item);
    if (r != 0)
        (void)printf("%s: %s\n", item->path, mag_error_text(r));
    free(item);
    return r;
}

/* What a stop of the scheduler would withdraw. */
static void drop(void *job_arg, void *hook_arg)
{
    (void)hook_arg;
    free(job_arg);
}

/* How many files were looked at, when all jobs have ended. */
static int files_of(const struct search *search)
{
    /* relaxed: as above. */
    int count = atomic_load_explicit(&search->count, memory_order_relaxed);

    return count < FILES_MAX ? count : FILES_MAX;
}

static int find_twins(const struct search *search)
{
    int twins = 0;

    for (int i = 0; i < files_of(search); i++) {
        for (int j = i + 1; j < files_of(search); j++) {
            if (search->files[i].hash != search->files[j].hash)
                continue;
            (void)printf("%s is like %s\n", search->files[i].path, search->files[j].path);
            twins++;
        }
    }
    return twins;
}

/* 20 files in 4 directories, of 19 contents, and a link to nowhere. */
static int make_files(const char *top)
{
    char path[PATH_ROOM];

    for (int i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d", top, i % 4);
        (void)mkdir(path, 0700);
        (void)snprintf(path, sizeof(path), "%s/%d/%d", top, i % 4, i);
        FILE *file = fopen(path, "w");
        if (file == NULL || fprintf(file, "contents %d\n", i == 13 ? 6 : i) < 0 ||
            fclose(file) != 0)
            return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/nowhere", top);
    return symlink("no-such-file", path);
}

static void remove_files(const char *top)
{
    char path[PATH_ROOM];

    for (int i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d/%d", top, i % 4, i);
        (void)unlink(path);
    }
    for (int i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d", top, i);
        (void)rmdir(path);
    }
    (void)snprintf(path, sizeof(path), "%s/nowhere", top);
    (void)unlink(path);
    (void)rmdir(top);
}

/* Searches below `top`.  Returns how many names failed, or an error. */
static int run_search(struct mag_sched *sched, struct search *search, const char *top)
{
    struct mag_group_config config;
    int r;

    mag_group_config_init(&config);
    config.max_running = 8; /* so many files are open at once, at most */
    config.on_withdrawn = drop;
    r = mag_group_create(sched, &config, &search->group);
    if (r < 0)
        return r;
    r = add(search, top, "");
    if (r == 0)
        r = mag_group_wait(search->group, -1, NULL);
    if (mag_group_destroy(search->group) != 0)
        return -EBUSY;
    return r;
}

int main(void)
{
    static struct search search;
    char top[] = "/tmp/magpie-group-XXXXXX";
    struct mag_sched_config config;
    struct mag_sched *sched;

    mag_sched_config_init(&config);
    config.workers = 3;
    if (mkdtemp(top) == NULL || make_files(top) != 0 ||
        mag_sched_start(&config, &sched) != 0)
        return 1;
    int failed = run_search(sched, &search, top);
    int twins = find_twins(&search);
    remove_files(top);
    if (mag_sched_destroy(sched) != 0)
        return 1;
    (void)printf("%d files, %d twins, %d failed\n", files_of(&search), twins, failed);
    return files_of(&search) == 20 && twins == 1 && failed == 1 ? 0 : 1;
}
