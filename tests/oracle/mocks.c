/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdlib.h>
#include <string.h>

static struct mock *mock_of(struct mag_source *source)
{
    return (struct mock *)(void *)source;
}

static int mock_status(struct mag_source *source, uint64_t token)
{
    trace("m%u status %d", mock_of(source)->index, (int)token);
    return mock_of(source)->status;
}

static int mock_on_completed(struct mag_source *source, uint64_t token,
                             struct mag_continuation *continuation, unsigned flags)
{
    struct mock *mock = mock_of(source);

    trace("m%u register %d %u", mock->index, (int)token, flags);
    if (mock->status != MAG_PENDING || mock->continuation != NULL)
        return MAG_E_CONTINUATION;
    mock->continuation = continuation;
    return 0;
}

static int mock_get(struct mag_source *source, uint64_t token, void *ret_result,
                    size_t size, uint64_t *ret_detail)
{
    struct mock *mock = mock_of(source);

    trace("m%u get %d", mock->index, (int)token);
    if (mock->error == 0 && size > sizeof(mock->word))
        return MAG_E_SIZE;
    if (mock->error == 0 && size != 0)
        memcpy(ret_result, &mock->word, size);
    else if (mock->error != 0 && !mag_is_misuse(mock->error) && ret_detail != NULL)
        *ret_detail = mock->word;
    return mock->error;
}

static const struct mag_source_ops mock_ops = {mock_status, mock_on_completed, mock_get};

static void make(unsigned index, bool typed)
{
    struct mock *mock = calloc(1, sizeof(*mock));

    if (mock == NULL)
        abort();
    mock->source.ops = &mock_ops;
    mock->index = index;
    mock->typed = typed;
    mock->error = MAG_E_PENDING;
    mock->next = world.all_mocks;
    world.all_mocks = world.mocks[index] = mock;
    answer_code(0);
}

/* fire M STATUS KIND N: completes the mock with N; its status and the read may contradict
 * each other. */
static void fire(struct mock *mock, const int *n)
{
    struct mag_continuation *continuation = mock->continuation;
    int errors[] = {0, -n[3], -ECANCELED};

    mock->continuation = NULL;
    mock->status = n[1];
    mock->error = errors[n[2]];
    mock->word = n[2] == 0 ? (mock->typed ? (uint64_t)n[3] : 0)
                           : (n[2] == 1 ? (uint64_t)n[3] : (uint64_t)n[3] & 3);
    if (continuation != NULL)
        continuation->job.run(&continuation->job);
    answer_code(0);
}

bool operate_mock(const struct words *words)
{
    unsigned index = (unsigned)words->n[0] % VARIABLES;
    struct mock *mock = world.mocks[index];

    if (strcmp(words->word, "mock") == 0)
        make(index, words->n[1] != 0);
    else if (strcmp(words->word, "fire") != 0)
        return false;
    else if (mock == NULL || mock->status != MAG_PENDING)
        answer(NONE);
    else
        fire(mock, words->n);
    return true;
}
