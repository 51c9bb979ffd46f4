/* A data race, which ThreadSanitizer must report. SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stddef.h>

static int word;

static void *touch(void *arg)
{
    word++;
    return arg;
}

int main(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, touch, NULL) != 0)
        return 0;
    word++;
    (void)pthread_join(thread, NULL);
    return 0;
}
