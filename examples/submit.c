/*
 * A thread pool's three calls: run this; run this for each of these; run this first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 1000, PIXELS = 64 };

struct image {
    int pixels[PIXELS];
    int brightness;
};

static atomic_int measured;
static atomic_int saved;

static void add(atomic_int *sum, int number)
{
    /* relaxed: read once the scheduler has ended. */
    (void)atomic_fetch_add_explicit(sum, number, memory_order_relaxed);
}

static int read_sum(atomic_int *sum)
{
    /* relaxed: as above. */
    return atomic_load_explicit(sum, memory_order_relaxed);
}

/* Frees what was submitted with it: it is the last to use it. */
static void save(void *arg)
{
    int *brightness = arg;

    add(&saved, *brightness);
    free(brightness);
}

/* A function that runs on a worker may submit more. */
static void measure(void *arg)
{
    struct image *image = arg;
    struct mag_submit_options later = {
        .priority = MAG_PRIORITY_LOW, /* when nothing else is to be done */
        .name = "save",               /* for debuggers and traces */
        .dropped = free,              /* if the scheduler is canceled before */
    };
    int *copy = malloc(sizeof(*copy));

    for (int i = 0; i < PIXELS; i++)
        image->brightness += image->pixels[i];
    add(&measured, 1);
    if (copy == NULL)
        return;
    *copy = image->brightness;
    if (mag_submit_with(NULL, &later, save, copy) != 0)
        free(copy); /* refused: it is still ours */
}

static void greet(void *arg)
{
    (void)printf("%s\n", (const char *)arg);
}

int main(void)
{
    static struct image images[IMAGES];
    static char greeting[] = "1000 images";
    struct mag_submit_options first = {.priority = MAG_PRIORITY_HIGH};
    struct mag_sched *sched;
    int error = mag_sched_start(NULL, &sched);

    for (int i = 0; i < IMAGES; i++)
        images[i].pixels[i % PIXELS] = 1;
    if (error == 0) {
        /* One call, or one for each element of an array. */
        error = mag_submit(sched, measure, &images[0]);
        if (error == 0)
            error = mag_submit_all(sched, NULL, measure, &images[1], sizeof(images[0]),
                                   IMAGES - 1);
        /* Before what waits. */
        if (error == 0)
            error = mag_submit_with(sched, &first, greet, greeting);
        mag_sched_destroy(sched); /* runs what was submitted, and what that submits */
    }
    if (error != 0) {
        (void)fprintf(stderr, "submit: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%d measured, %d saved\n", read_sum(&measured), read_sum(&saved));
    return read_sum(&measured) == IMAGES && read_sum(&saved) == IMAGES ? 0 : 1;
}
