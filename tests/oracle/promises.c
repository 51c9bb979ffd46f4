/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdlib.h>
#include <string.h>

static void make(struct promise *promise, const int *n)
{
    *promise = (struct promise){.typed = n[1] != 0, .identity = ++world.identities};
    if (mag_promise_create(0, n[2] != 0 ? MAG_PROMISE_QUEUED : 0, &promise->promise) < 0)
        abort();
    world.references[world.reference_count++] = promise->promise;
    answer_code(0);
}

static bool complete(struct promise *promise, const struct words *words)
{
    struct mag_promise *it = promise->promise;
    const int *n = words->n;

    if (strcmp(words->word, "pset") == 0)
        answer_code(mag_promise_set_result(it, promise->typed ? (uint64_t)n[1] : 0));
    else if (strcmp(words->word, "pfail") == 0)
        answer_code(mag_promise_set_error(it, n[1], (uint64_t)n[2]));
    else if (strcmp(words->word, "pcancel") == 0)
        answer_code(mag_promise_set_error(it, -ECANCELED, (uint64_t)n[1]));
    else if (strcmp(words->word, "pfail0") == 0)
        answer_code(mag_promise_set_error(it, 0, 0));
    else
        return false;
    return true;
}

bool operate_promise(const struct words *words)
{
    struct promise *promise = &world.promises[(unsigned)words->n[0] % VARIABLES];

    if (words->word[0] != 'p' || strcmp(words->word, "promise") == 0 ||
        strcmp(words->word, "preserve") == 0)
        return false;
    if (strcmp(words->word, "pnew") == 0) {
        make(promise, words->n);
        return true;
    }
    if (promise->promise != NULL)
        return complete(promise, words);
    answer(NONE);
    return true;
}
