/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a plug-in and uses it.  Unloads it while a worker runs its job and while a thread
 * that has used it lives; forks, loads it again, and ends.  A destructor of the host's
 * own uses the library at the very end of a thread.  Status 0; or 1, and a line that says
 * what was wrong.
 *
 * usage: host PLUGIN stays|goes
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*use)(void);
static sem_t used, unloaded;
static pthread_key_t key;

#define NEED(what, condition)                    \
    do {                                         \
        if (!(condition)) {                      \
            printf("%s: %s\n", what, dlerror()); \
            exit(1);                             \
        }                                        \
    } while (0)

/* Called at the end of a thread, when the code of the plug-in must still be there. */
static void at_thread_end(void *value)
{
    (void)value;
    if (use != NULL)
        NEED("use in a destructor", use() == 0);
}

static void *thread(void *arg)
{
    NEED("key", pthread_setspecific(key, arg) == 0);
    NEED("use by a thread", use() == 0);
    sem_post(&used);
    sem_wait(&unloaded);
    return NULL;
}

static void *function(void *plugin, const char *name)
{
    void *found = dlsym(plugin, name);

    NEED(name, found != NULL);
    return found;
}

static void fork_and_go_on(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    NEED("fork", waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
    pthread_t one;
    NEED("arguments", argc == 3);
    int stays = strcmp(argv[2], "stays") == 0;
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);

    NEED("dlopen", plugin != NULL);
    int (*open)(void) = (int (*)(void))function(plugin, "plugin_open");
    int (*close)(void) = (int (*)(void))function(plugin, "plugin_close");
    long (*jobs)(void) = (long (*)(void))function(plugin, "plugin_jobs");
    use = (int (*)(void))function(plugin, "plugin_use");
    if (!stays) { /* never used */
        NEED("dlclose", dlclose(plugin) == 0);
        printf("ok\n");
        return 0;
    }
    NEED("open", open() == 0);
    sem_init(&used, 0, 0);
    sem_init(&unloaded, 0, 0);
    NEED("key", pthread_key_create(&key, at_thread_end) == 0);
    NEED("thread", pthread_create(&one, NULL, thread, &key) == 0);
    sem_wait(&used);

    NEED("dlclose", dlclose(plugin) == 0);
    NEED("it is still there", dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) != NULL);
    fork_and_go_on();
    long before = jobs();
    while (jobs() == before)
        usleep(1000);
    NEED("the job goes on", jobs() > before);
    sem_post(&unloaded);
    pthread_join(one, NULL);

    void *again = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    NEED("dlopen again", again != NULL);
    NEED("the same", dlsym(again, "plugin_use") == (void *)use);
    NEED("use again", use() == 0);
    NEED("the default scheduler stays", close() == -EPERM);
    NEED("dlclose again", dlclose(again) == 0);
    printf("ok\n");
    return 0;
}
