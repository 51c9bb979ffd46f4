/*
 * pooled_source.c - a source of your own: requests that are rented, answered by another
 * thread, and back in their pool when the answer has been read.
 *
 * After warm-up nothing is allocated: neither for a request nor for awaiting it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

struct answer {
    int question;
    char text[12];
};
MAG_VTASK_DEFINE(answer_task, struct answer)

struct request {
    struct mag_operation operation; /* first */
    struct mag_job job;             /* the payload: what the answering side needs */
    int question;
    bool used_before;
    struct answer answer; /* the result */
};
static struct mag_operation_type request_type =
    MAG_OPERATION_TYPE(struct request, answer);

static struct mag_sched *sched;
static int made; /* requests that are not an older one again; touched by main only */

/* The answering side: any thread, any time. */
static void answer(struct mag_job *job)
{
    struct request *request = (void *)((char *)job - offsetof(struct request, job));
    int error = 0;

    request->answer.question = request->question;
    if (request->question < 0)
        error = mag_core_set_error(&request->operation.core, -ENOENT, 0);
    else if (snprintf(request->answer.text, sizeof(request->answer.text), "%d",
                      2 * request->question) > 0)
        error = mag_operation_set_done(&request->operation);
    (void)error; /* it can only be that somebody else has answered, and nobody has */
}

/* The asking side. */
static answer_task ask(int question)
{
    struct request *request;
    void *object;
    int error = mag_operation_rent(&request_type, &object);

    if (error < 0)
        return answer_task_of(mag_vtask_failed(error, 0));
    request = object;
    made += !request->used_before;
    request->used_before = true;
    request->question = question;
    request->job.run = answer;
    /* The task first: once it is posted the request may be another's. */
    mag_vtask task = mag_operation_task(&request->operation);
    error = mag_sched_post(sched, &request->job);
    if (error < 0) {
        mag_operation_return(&request->operation);
        return answer_task_of(mag_vtask_failed(error, 0));
    }
    return answer_task_of(task);
}

int main(void)
{
    enum { QUESTIONS = 1000 };
    struct answer got = {0};
    int right = 0;

    if (mag_sched_default(&sched) != 0)
        return 1;
    for (int i = 0; i < QUESTIONS; i++)
        if (answer_task_wait(ask(i), &got) == 0)
            right += got.question == i && atoi(got.text) == 2 * i;

    answer_task refused = ask(-1);
    int error = answer_task_wait(refused, &got);
    int again = answer_task_wait(refused, &got); /* it is consumed: an error, no crash */

    printf("%d of %d answers right, %d requests made; refused: %s; read twice: %s\n",
           right, QUESTIONS, made, mag_error_text(error), mag_error_text(again));
    return right == QUESTIONS && made < QUESTIONS && error == -ENOENT &&
                   again == MAG_E_TOKEN
               ? 0
               : 1;
}
