/*
 * A worker notes what it runs, while a watchdog reads: what is read belongs together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

/* What note.h needs of job_kind.h. */
#define MAGPIE_JOB_KIND_H
struct mag_job_description {
    const char *name;
    void (*function)(void);
};

#include <stdatomic.h>

#include "sched/trace/note.h"

struct note_model : rl::test_suite<note_model, 2> {
    mag_note note;

    void before()
    {
        mag_note_init(&note);
    }

    void run(uintptr_t number)
    {
        mag_job_description what = {(const char *)number, (void (*)(void))number};

        mag_note_begin(&note, &what);
        mag_note_end(&note);
    }

    void look()
    {
        uintptr_t function;
        uintptr_t name;

        if (!mag_note_read(&note, &function, &name))
            return;
        RL_ASSERT(function != 0 && function == name);
    }

    void thread(unsigned index)
    {
        for (uintptr_t i = 1; index == 0 && i <= 3; i++)
            run(i);
        for (int i = 0; index == 1 && i < 2; i++)
            look();
    }
};

int main()
{
    return run_model<note_model>(100000);
}
