/*
 * pooled_source.c - a source of your own.  Requests are rented, answered by another
 * thread, and go back to their pool when the answer has been read.
 *
 * After warm-up nothing is allocated, neither for a request nor for awaiting it.
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

static int send_off(struct mag_job *job);

struct request {
    struct mag_operation operation; /* first */
    struct mag_job job;             /* payload: what the answering side needs */
    int question;
    struct answer answer; /* the result */
};
static struct mag_operation_type request_type =
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(answer));

static answer_task ask(int question)
{
    void *object;
    int error = mag_operation_rent(&request_type, &object);
    if (error != 0)
        return answer_task_of(mag_vtask_failed(error, 0));

    struct request *request = object;
    request->question = question;
    mag_vtask task = mag_operation_task(&request->operation);
    error = send_off(&request->job); /* it may now be complete, and reused */
    if (error != 0) {
        mag_operation_return(&request->operation);
        task = mag_vtask_failed(error, 0);
    }
    return answer_task_of(task);
}

static int answered(struct request *request, const char *text)
{
    if (text == NULL)
        return mag_operation_set_error(&request->operation, -ENOENT, 0);
    request->answer.question = request->question;
    (void)snprintf(request->answer.text, sizeof(request->answer.text), "%s", text);
    return mag_operation_set_done(&request->operation);
}

/* ------------------------------ the answering side: a worker here, elsewhere a server */

static struct mag_sched *sched;
static int made; /* requests whose memory was new */

static void answer(struct mag_job *job)
{
    struct request *request = (void *)((char *)job - offsetof(struct request, job));
    char text[12];

    (void)snprintf(text, sizeof(text), "%d", 2 * request->question);
    if (answered(request, request->question < 0 ? NULL : text) != 0)
        made = -1; /* a second answer, which cannot be */
}

static int send_off(struct mag_job *job)
{
    made += job->run == NULL; /* new memory is all zeroes */
    job->run = answer;
    return mag_sched_post(sched, job);
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
            right += got.question == i && strtol(got.text, NULL, 10) == 2L * i;

    answer_task refused = ask(-1);
    int error = answer_task_wait(refused, &got);
    int again = answer_task_wait(refused, &got); /* it is consumed: an error, no crash */

    printf("%d of %d answers right, %d requests made; refused: %s; read twice: %s\n",
           right, QUESTIONS, made, mag_error_text(error), mag_error_text(again));
    return right == QUESTIONS && made > 0 && made < QUESTIONS && error == -ENOENT &&
                   again == MAG_E_TOKEN
               ? 0
               : 1;
}
