/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --------------------------------------------------------------------- the data */

/* A file that is being filled. */
struct filling {
    FILE *out;
    uint64_t left; /* bytes that are still wanted */
    int error;
};

static bool is_compressed(const char *name)
{
    static const char *const ends[] = {".gz",  ".xz",  ".bz2", ".zst",   ".png", ".jpg",
                                       ".zip", ".jar", ".whl", ".woff2", ".br",  ".lz4"};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);

        if (length >= end && strcmp(name + length - end, ends[i]) == 0)
            return true;
    }
    return false;
}

static void add_file(struct filling *filling, const char *path)
{
    static char bytes[1 << 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = 1;

    while (fd >= 0 && filling->left > 0 && filling->error == 0 && got > 0) {
        size_t wanted = filling->left < sizeof(bytes) ? filling->left : sizeof(bytes);

        got = read(fd, bytes, wanted);
        if (got > 0 && fwrite(bytes, 1, (size_t)got, filling->out) != (size_t)got)
            filling->error = -EIO;
        if (got > 0)
            filling->left -= (uint64_t)got;
    }
    if (fd >= 0)
        (void)close(fd);
}

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && !is_compressed(entry->d_name);
}

/* By bytes, whatever the language of the user. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_tree(struct filling *filling, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_wanted, by_name);

    for (int i = 0; i < count; i++) {
        char inner[KERNEL_PATH];
        struct stat status;

        if (filling->left > 0 && filling->error == 0 &&
            snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name) <
                KERNEL_PATH &&
            lstat(inner, &status) == 0) {
            if (S_ISDIR(status.st_mode))
                add_tree(filling, inner);
            else if (S_ISREG(status.st_mode))
                add_file(filling, inner);
        }
        free(entries[i]);
    }
    free(entries);
}

/* Adds so many bytes of the files below some directories, as often as needed. */
static int fill(struct filling *filling, const char *const *trees, uint64_t bytes)
{
    filling->left = bytes;
    while (filling->left > 0) {
        uint64_t before = filling->left;

        for (const char *const *tree = trees; *tree != NULL; tree++)
            add_tree(filling, *tree);
        if (filling->error != 0)
            return filling->error;
        if (filling->left == before)
            return -ENODATA;
    }
    return 0;
}

static int write_data(const char *path, uint64_t bytes)
{
    static const char *const text[] = {"/usr/include", "/usr/share", NULL};
    static const char *const programs[] = {"/usr/lib", NULL};
    struct filling filling = {.out = fopen(path, "we")};
    int r;

    if (filling.out == NULL)
        return -errno;
    r = fill(&filling, text, bytes / 2);
    if (r == 0)
        r = fill(&filling, programs, bytes - bytes / 2);
    if (fclose(filling.out) != 0 && r == 0)
        r = -EIO;
    return r;
}

/* Makes the folders of a path. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, S_IRWXU);
        *slash = '/';
    }
}

/* The path of a file in the user's cache folder. */
static int name_file(const char *name, char ret_path[KERNEL_PATH])
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    bool named = cache != NULL && *cache != '\0';

    if (home == NULL)
        home = "/tmp";
    if (snprintf(ret_path, KERNEL_PATH, "%s%s/magpie/data/%s", named ? cache : home,
                 named ? "" : "/.cache", name) >= KERNEL_PATH)
        return -ENAMETOOLONG;
    return 0;
}

static int place(const char *name, char ret_path[KERNEL_PATH])
{
    int r = name_file(name, ret_path);

    if (r == 0)
        make_folders(ret_path);
    return r;
}

void kernel_files_forget(intmax_t process)
{
    char end[32];
    char folder[KERNEL_PATH];
    size_t length = (size_t)snprintf(end, sizeof(end), ".%jd", process);
    DIR *entries = name_file("", folder) == 0 ? opendir(folder) : NULL;
    const struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        size_t name = strlen(entry->d_name);

        if (name > length && strcmp(entry->d_name + name - length, end) == 0)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries != NULL)
        (void)closedir(entries);
}

int kernel_files_place(const char *name, char ret_path[KERNEL_PATH])
{
    char own[KERNEL_PATH];

    if (snprintf(own, sizeof(own), "%s.%ju", name, (uintmax_t)getpid()) >= KERNEL_PATH)
        return -ENAMETOOLONG;
    return place(own, ret_path);
}

int kernel_files_make(uint64_t megabytes, char ret_path[KERNEL_PATH])
{
    uint64_t bytes = megabytes * 1000000;
    char name[32];
    char part[KERNEL_PATH + 32];
    struct stat status;
    int r;

    (void)snprintf(name, sizeof(name), "files-%ju", (uintmax_t)megabytes);
    r = place(name, ret_path);
    if (r != 0)
        return r;
    if (stat(ret_path, &status) == 0 && (uint64_t)status.st_size == bytes)
        return 0;
    (void)snprintf(part, sizeof(part), "%s.part.%ju", ret_path, (uintmax_t)getpid());
    r = write_data(part, bytes);
    if (r == 0 && rename(part, ret_path) != 0)
        r = -errno;
    if (r != 0)
        (void)unlink(part);
    return r;
}

/* ------------------------------------------------------------------- the program */

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

_Noreturn static void become(const char *const argv[], const char *out)
{
    /* execvp takes its strings as char *, and leaves them alone. */
    union {
        const char *const *shared;
        char *const *own;
    } words = {.shared = argv};
    int fd;

    /* A process that is killed takes its program with it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO)
        (void)execvp(argv[0], words.own);
    _exit(127);
}

int kernel_files_run(const char *const argv[], const char *out,
                     struct kernel_child *ret_child)
{
    double from = now_s();
    struct rusage usage;
    int status;
    pid_t child = fork();

    if (child == 0)
        become(argv, out);
    if (child < 0)
        return -errno;
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    ret_child->seconds = now_s() - from;
    ret_child->peak_kib = (uint64_t)usage.ru_maxrss;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

bool kernel_files_unpacks(const char *packed, const char *plain)
{
    const char *const argv[] = {
        "sh", "-c", "gzip -dc <\"$1\" | cmp -s - \"$2\"", "sh", packed, plain, NULL};
    struct kernel_child child;

    return kernel_files_run(argv, "/dev/null", &child) == 0;
}

bool kernel_files_same(const char *a, const char *b)
{
    const char *const argv[] = {"cmp", "-s", a, b, NULL};
    struct kernel_child child;

    return kernel_files_run(argv, "/dev/null", &child) == 0;
}
