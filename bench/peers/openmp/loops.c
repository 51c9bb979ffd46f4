/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers/openmp/loops.h"

#include "bench/kernels/loops.h"
#include "bench/kernels/uneven.h"

/* -------------------------------------------------------------- short loops */

void run_empty(struct peer_run *run)
{
    uint64_t sum = 0;

    for (uint64_t loop = 0; loop < run->size; loop++) {
#pragma omp parallel for reduction(+ : sum)
        for (uint64_t i = 0; i < KERNEL_LOOP_EMPTY; i++) {
            sum++;
            /* Keeps the loop a loop. */
            __asm__ volatile("" : "+r"(sum));
        }
    }
    run->answer = sum;
}

static void run_mixing(struct peer_run *run, uint64_t indices)
{
    uint64_t sum = 0;

    for (uint64_t loop = 0; loop < run->size; loop++) {
#pragma omp parallel for reduction(+ : sum)
        for (uint64_t i = 0; i < indices; i++)
            sum += kernel_loop_mixed(i);
    }
    run->answer = sum;
}

void run_1us(struct peer_run *run)
{
    run_mixing(run, KERNEL_LOOP_1US);
}

void run_10us(struct peer_run *run)
{
    run_mixing(run, KERNEL_LOOP_10US);
}

void run_100us(struct peer_run *run)
{
    run_mixing(run, KERNEL_LOOP_100US);
}

void run_1ms(struct peer_run *run)
{
    run_mixing(run, KERNEL_LOOP_1MS);
}

/* ------------------------------------------------------------- uneven loops */

void run_pareto(struct peer_run *run)
{
    uint64_t sum = 0;

    for (uint64_t loop = 0; loop < run->size; loop++) {
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : sum)
        for (uint64_t i = 0; i < KERNEL_PARETO; i++)
            sum += kernel_pareto(i);
    }
    run->answer = sum;
}

void run_triangle(struct peer_run *run)
{
    uint64_t sum = 0;

    for (uint64_t loop = 0; loop < run->size; loop++) {
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : sum)
        for (uint64_t i = 0; i < KERNEL_TRIANGLE; i++)
            sum += kernel_triangle(i);
    }
    run->answer = sum;
}

void run_nested(struct peer_run *run)
{
    uint64_t sum = 0;

    for (uint64_t loop = 0; loop < run->size; loop++) {
#pragma omp parallel for collapse(2) reduction(+ : sum)
        for (uint64_t i = 0; i < KERNEL_OUTER; i++) {
            for (uint64_t k = 0; k < KERNEL_INNER; k++)
                sum += kernel_nested(i, k);
        }
    }
    run->answer = sum;
}
