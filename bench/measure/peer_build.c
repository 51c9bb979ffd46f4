/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/peer_build.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha1.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATUS_ABSENT = 3, /* of `build.sh check` */
    STATUS_NO_SHELL = 127,
    LINE = 512,
    STAMP = 2 * SHA1_DIGEST_SIZE + 1,
};

/* A path that was too long is empty, and no file has that name. */
struct path {
    char text[BENCH_PEER_PATH];
};

static struct path join(const char *folder, const char *name)
{
    struct path path;

    if (snprintf(path.text, sizeof(path.text), "%s/%s", folder, name) >=
        (int)sizeof(path.text))
        path.text[0] = '\0';
    return path;
}

/* --------------------------------------------------------------- one line */

/* Copies a line without its end and without what a terminal would obey. */
static void copy_line(char *text, size_t size, const char *line)
{
    size_t length = 0;

    for (; *line != '\0' && *line != '\n' && length + 1 < size; line++) {
        if (isprint((unsigned char)*line))
            text[length++] = *line;
    }
    text[length] = '\0';
}

static bool speaks_of_an_error(const char *line)
{
    return strcasestr(line, "error") != NULL || strstr(line, "cannot find") != NULL;
}

void bench_peer_reason(const char *path, char *text, size_t size)
{
    FILE *log = fopen(path, "re");
    char line[LINE];

    (void)snprintf(text, size, "it says nothing");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        if (line[strspn(line, " \t\n")] == '\0')
            continue;
        copy_line(text, size, line + strspn(line, " \t"));
        if (speaks_of_an_error(line))
            break;
    }
    if (log != NULL)
        (void)fclose(log);
}

static void first_line(const char *path, char *text, size_t size)
{
    FILE *log = fopen(path, "re");
    char line[LINE] = "";

    if (log != NULL) {
        if (fgets(line, sizeof(line), log) == NULL)
            line[0] = '\0';
        (void)fclose(log);
    }
    copy_line(text, size, line);
}

/* ---------------------------------------------------------------- build.sh */

_Noreturn static void be_script(const char *folder, const char *log, const char *action,
                                const char *directory)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (in < 0 || out < 0 || chdir(folder) != 0)
        _exit(STATUS_NO_SHELL);
    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)execlp("sh", "sh", "build.sh", action, directory, (char *)NULL);
    _exit(STATUS_NO_SHELL);
}

/* Runs build.sh in `folder`, what it says into `log`.  Returns its status, -1 for another
 * end. */
static int run_script(const char *folder, const char *log, const char *action,
                      const char *directory)
{
    int status;

    (void)fflush(NULL);

    pid_t pid = fork();
    if (pid == 0)
        be_script(folder, log, action, directory);
    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ------------------------------------------------------------------- stamps */

static void hash_text(struct sha1_ctx *hash, const char *text)
{
    sha1_update(hash, strlen(text) + 1, (const uint8_t *)text);
}

static bool hash_file(struct sha1_ctx *hash, const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t bytes[4096];
    size_t count;
    bool good;

    if (file == NULL)
        return false;
    while ((count = fread(bytes, 1, sizeof(bytes), file)) > 0)
        sha1_update(hash, count, bytes);
    good = ferror(file) == 0;
    (void)fclose(file);
    return good;
}

static bool hash_folder(struct sha1_ctx *hash, const char *folder);

static bool hash_entry(struct sha1_ctx *hash, const char *folder, const char *name)
{
    struct path path = join(folder, name);
    struct stat about;

    if (name[0] == '.')
        return true;
    hash_text(hash, name);
    if (stat(path.text, &about) != 0)
        return false;
    return S_ISDIR(about.st_mode) ? hash_folder(hash, path.text)
                                  : hash_file(hash, path.text);
}

/* Names and contents of all that is in a folder; false when it cannot be read. */
static bool hash_folder(struct sha1_ctx *hash, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool good = count >= 0;

    for (int i = 0; i < count; i++) {
        good = good && hash_entry(hash, folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return good;
}

/* What a folder beside those of the peers holds, if there is one. */
static bool hash_shared(struct sha1_ctx *hash, const char *sources, const char *name)
{
    struct path folder = join(sources, name);

    return access(folder.text, F_OK) != 0 || hash_folder(hash, folder.text);
}

/* What the peer is made of: its sources, the shared ones, the kernels, the toolchain. */
static bool stamp_of(const struct bench_peer *peer, const char *sources, char *stamp)
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx hash;

    sha1_init(&hash);
    hash_text(&hash, peer->text);
    if (!hash_folder(&hash, join(sources, peer->name).text) ||
        !hash_shared(&hash, sources, "common") ||
        !hash_shared(&hash, sources, "../kernels"))
        return false;
    sha1_digest(&hash, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(stamp + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static bool is_stamped(const char *path, const char *stamp)
{
    char found[STAMP];

    first_line(path, found, sizeof(found));
    return strcmp(found, stamp) == 0;
}

static bool put_stamp(const char *path, const char *stamp)
{
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fputs(stamp, file) >= 0;

    return file != NULL && fclose(file) == 0 && written;
}

/* ----------------------------------------------------------------- one peer */

/* `about` is what it is about, or "". */
static void fail(struct bench_peer *peer, const char *about, const char *what)
{
    (void)snprintf(peer->text, sizeof(peer->text), "%.100s%s%s", about,
                   *about != '\0' ? ": " : "", what);
    peer->state = BENCH_PEER_FAILED;
}

/* Like mkdir -p.  False with errno. */
static bool make_folders(const char *path)
{
    struct path part;

    for (size_t i = 1; path[i - 1] != '\0' && i < sizeof(part.text); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part.text, path, i);
        part.text[i] = '\0';
        if (mkdir(part.text, 0755) != 0 && errno != EEXIST)
            return false;
    }
    return access(path, W_OK) == 0;
}

/* Makes the folder and takes the lock in it; returns its descriptor, or -1 with errno. */
static int lock_folder(const char *folder)
{
    int lock;

    if (!make_folders(folder))
        return -1;
    lock = open(join(folder, "lock").text, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    while (lock >= 0 && flock(lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            (void)close(lock);
            return -1;
        }
    }
    return lock;
}

static void build_unless_stamped(struct bench_peer *peer, const char *sources,
                                 const char *folder)
{
    struct path log = join(folder, "build.log");
    struct path stamped = join(folder, "stamp");
    char text[BENCH_PEER_TEXT];
    char stamp[STAMP];

    (void)snprintf(peer->program, sizeof(peer->program), "%s", join(folder, "peer").text);
    if (!stamp_of(peer, sources, stamp)) {
        fail(peer, "", "its sources cannot be read");
        return;
    }
    if (is_stamped(stamped.text, stamp) && access(peer->program, X_OK) == 0)
        return;
    (void)unlink(stamped.text);
    (void)unlink(peer->program);
    if (run_script(join(sources, peer->name).text, log.text, "build", folder) != 0) {
        bench_peer_reason(log.text, text, sizeof(text));
        fail(peer, "", text);
    } else if (access(peer->program, X_OK) != 0) {
        fail(peer, "", "its build.sh left no program");
    } else if (!put_stamp(stamped.text, stamp)) {
        fail(peer, stamped.text, "cannot be written");
    }
}

static void check_and_build(struct bench_peer *peer, const char *sources,
                            const char *folder)
{
    struct path log = join(folder, "check.log");
    int status = run_script(join(sources, peer->name).text, log.text, "check", NULL);
    char ended[64];

    first_line(log.text, peer->text, sizeof(peer->text));
    peer->state = BENCH_PEER_READY;
    if (status == STATUS_ABSENT) {
        peer->state = BENCH_PEER_ABSENT;
    } else if (status != 0) {
        (void)snprintf(ended, sizeof(ended), "its build.sh check ended with status %d",
                       status);
        fail(peer, "", ended);
    } else {
        build_unless_stamped(peer, sources, folder);
    }
}

void bench_peer_build(struct bench_peer *peer, const char *sources, const char *cache)
{
    struct path folder = join(cache, peer->name);
    int lock = lock_folder(folder.text);
    char *whole = lock >= 0 ? realpath(folder.text, NULL) : NULL;

    if (whole != NULL)
        check_and_build(peer, sources, whole);
    else
        fail(peer, folder.text, strerror(errno));
    free(whole);
    if (lock >= 0)
        (void)close(lock);
}
