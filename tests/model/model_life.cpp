/*
 * The record of an object's life, written twice while another thread reads it: a reader
 * that is told that nothing changed has all words of one life.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdatomic.h>

#include <stdint.h>

#include "vtask/debug/life.h"

enum { WORDS = 2, LIVES = 2 };

struct life_model : rl::test_suite<life_model, 2> {
    mag_life life;

    void before()
    {
        life.sequence($).store(0, rl::mo_relaxed);
        for (int i = 0; i < WORDS; i++)
            life.words[i]($).store(0, rl::mo_relaxed);
    }

    void write(uint64_t value)
    {
        uint64_t sequence;

        RL_ASSERT(mag_life_open(&life, &sequence));
        for (unsigned i = 0; i < WORDS; i++)
            mag_life_write(&life, i, value);
        mag_life_close(&life, sequence);
    }

    void thread(unsigned index)
    {
        uint64_t words[WORDS];

        for (uint64_t i = 1; index == 0 && i <= LIVES; i++)
            write(i);
        if (index == 1 && mag_life_read(&life, words, WORDS))
            RL_ASSERT(words[0] == words[1]);
    }
};

int main()
{
    return run_model<life_model>(50000);
}
