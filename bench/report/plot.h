/*
 * plot.h - speed-up over workers as an SVG picture, drawn by gnuplot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_PLOT_H
#define BENCH_REPORT_PLOT_H

#include "bench/machine/machine.h"
#include "bench/measure/row.h"

#include <stdio.h>

/* Colours of a plot are the custom properties --plot-1 ... of the page it stands in. */
enum bench_plot_colour {
    BENCH_PLOT_AXIS = 1,
    BENCH_PLOT_TEXT,
    BENCH_PLOT_GRID,
    BENCH_PLOT_IDEAL,
    BENCH_PLOT_SERIES, /* the first of BENCH_PLOT_RUNTIMES */
};

enum { BENCH_PLOT_RUNTIMES = 6 };

/* The runtimes that plots show, in the order of their colours; returns how many. */
unsigned bench_plot_runtimes(const struct bench_rows *rows,
                             const char *ret_names[BENCH_PLOT_RUNTIMES]);

/* Whether there is a gnuplot. */
bool bench_plot_possible(void);

/* Writes the picture of the case that `of_case` belongs to, with a line where the workers
 * of `machine` begin another node (NULL: without).  False: there is none. */
bool bench_plot(FILE *out, const struct bench_rows *rows, const struct bench_row *of_case,
                const struct bench_machine *machine);

#endif
