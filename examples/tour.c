/*
 * tour.c - the three tools that most programs begin with, in one: a pipeline whose second
 * stage asks a cache, and whose third is a loop.
 *
 * Blocks of samples come from four sensors.  Each block is multiplied by its sensor's
 * gain, which is loaded when it is first needed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

/* NOLINTBEGIN(readability-function-size): scale_for_with has many parameters. */

enum { SENSORS = 4, BLOCKS = 200, SAMPLES = 4096, TOKENS = 16 };

/* A token: a block on its way. */
struct block {
    size_t sensor;
    float gain;
    float samples[SAMPLES];
};

/* What the stages in order share. */
struct session {
    size_t blocks;
    double total;
};

MAG_VTASK_DEFINE(gain_task, float)
MAG_PIPELINE(measure, struct block, struct session)

static float gains[SENSORS]; /* 0: not loaded yet */
static int loads;

MAG_ASYNC(gain_task, load_gain, (size_t, sensor), struct mag_delay_state delay;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_delay, &f->delay, NULL, 1000000); /* stands for a request */
    loads++;
    gains[f->sensor] = (float)f->sensor + 1;
    return gain_task_result(gains[f->sensor]);
    MAG_END(f);
}

/* A cache: a value that is here costs what returning a struct costs. */
static gain_task gain_of(size_t sensor)
{
    return gains[sensor] != 0 ? gain_task_result(gains[sensor]) : load_gain(sensor);
}

/* A loop: idle cores help, and if none is idle it is a plain loop. */
MAG_LOOP(scale, float *, samples, float, gain)

static int scale(struct mag_range range, uint32_t slot, float *samples, float gain)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        samples[i] *= gain;
    return 0;
}

static int read_block(struct block *block, struct session *session)
{
    if (session->blocks == BLOCKS)
        return MAG_STAGE_END;
    block->sensor = session->blocks++ % SENSORS;
    for (size_t i = 0; i < SAMPLES; i++)
        block->samples[i] = 1;
    return 0;
}

static int add_block(struct block *block, struct session *session)
{
    for (size_t i = 0; i < SAMPLES; i++)
        session->total += (double)block->samples[i];
    return 0;
}

MAG_ASYNC(mag_task, find_gain, (struct block *, block, struct session *, session), )
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->block->gain, gain_of(f->block->sensor)); /* holds no thread */
    MAG_END(f);
}

static int scale_block(struct block *block, struct session *session)
{
    (void)session;
    return scale_for(NULL, 0, SAMPLES, block->samples, block->gain);
}

/* A pipeline: many blocks at a time, and the last stage sees them in order. */
static const struct measure_stage stages[] = {
    MAG_STAGE(read_block, MAG_STAGE_IN_ORDER),
    MAG_STAGE_ASYNC(find_gain, MAG_STAGE_IN_ORDER),
    MAG_STAGE(scale_block, MAG_STAGE_PARALLEL),
    MAG_STAGE(add_block, MAG_STAGE_IN_ORDER),
};

int main(void)
{
    struct session session = {0, 0};
    int error = measure_run(NULL, stages, 4, TOKENS, &session);

    if (error != 0) {
        (void)fprintf(stderr, "measure: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%zu blocks, %d loads, total %.0f\n", session.blocks, loads, session.total);
    return loads == SENSORS && session.total == 2.5 * BLOCKS * SAMPLES ? 0 : 1;
}

/* NOLINTEND(readability-function-size) */
