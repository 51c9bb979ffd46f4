/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* From here on both axes are logarithmic. */
enum { MANY_WORKERS = 8 };

/* A speed-up below this does not stretch the axis. */
static const double slowest = 1.0 / 1024;

/* ------------------------------------------------------------- the process */

/* Runs gnuplot on a script; returns what it printed, to be freed, or NULL. */
static char *read_all(int from)
{
    FILE *in = fdopen(from, "re");
    char *text = NULL;
    size_t size = 0;

    if (in == NULL) {
        (void)close(from);
        return NULL;
    }
    /* There is no zero byte in it, so this is everything. */
    if (getdelim(&text, &size, '\0', in) <= 0) {
        free(text);
        text = NULL;
    }
    (void)fclose(in);
    return text;
}

_Noreturn static void be_gnuplot(int in, int out)
{
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    /* -d: what a user's own start-up file sets has no place on the page. */
    (void)execlp("gnuplot", "gnuplot", "-d", (char *)NULL);
    _exit(127);
}

static char *gnuplot(const char *script)
{
    size_t length = strlen(script);
    int down[2];
    int up[2];
    int status = 1;
    char *text;

    if (pipe2(down, O_CLOEXEC) != 0)
        return NULL;
    if (pipe2(up, O_CLOEXEC) != 0) {
        (void)close(down[0]);
        (void)close(down[1]);
        return NULL;
    }
    (void)fflush(NULL);

    pid_t pid = fork();
    if (pid == 0)
        be_gnuplot(down[0], up[1]);
    (void)close(down[0]);
    (void)close(up[1]);
    /* A script fits into the pipe, so this does not wait for anybody to read. */
    bool sent = write(down[1], script, length) == (ssize_t)length;
    (void)close(down[1]);
    text = read_all(up[0]);
    if (pid > 0)
        (void)waitpid(pid, &status, 0);
    if (sent && status == 0)
        return text;
    free(text);
    return NULL;
}

bool bench_plot_possible(void)
{
    char *text = gnuplot("set print '-'; print 'here'\n");
    bool possible = text != NULL;

    free(text);
    return possible;
}

/* -------------------------------------------------------------- the script */

static void put_colour(FILE *script, unsigned colour)
{
    (void)fprintf(script, " lc rgb '#%02x%02x%02x'", colour, colour, colour);
}

unsigned bench_plot_runtimes(const struct bench_rows *rows,
                             const char *ret_names[BENCH_PLOT_RUNTIMES])
{
    unsigned count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];
        unsigned j = 0;

        if (row->per_operation || bench_row_is_baseline(row))
            continue;
        while (j < count && strcmp(ret_names[j], row->runtime) != 0)
            j++;
        if (j == count && count < BENCH_PLOT_RUNTIMES)
            ret_names[count++] = row->runtime;
    }
    return count;
}

/* What one plot shows. */
struct plot {
    const struct bench_rows *rows;
    const struct bench_row *of_case;
    const struct bench_machine *machine; /* NULL: no nodes */
    uint32_t most;                       /* workers */
    double least;                        /* speed-up, at most 1 */
    double top;                          /* speed-up, at least `most`: the ideal one */
};

/* The speed-up that a row adds to the plot; 0 when it is no part of it. */
static double speedup_in(const struct plot *plot, const struct bench_row *row)
{
    return bench_row_same_case(row, plot->of_case) && !bench_row_is_baseline(row)
               ? bench_row_speedup(plot->rows, row)
               : 0;
}

static struct plot plot_of(const struct bench_rows *rows, const struct bench_row *of_case,
                           const struct bench_machine *machine)
{
    struct plot plot = {
        .rows = rows, .of_case = of_case, .machine = machine, .most = 1, .least = 1};

    for (size_t i = 0; i < rows->count; i++) {
        double speedup = speedup_in(&plot, &rows->rows[i]);

        if (speedup <= 0)
            continue;
        if (rows->rows[i].workers > plot.most)
            plot.most = rows->rows[i].workers;
        if (speedup < plot.least && speedup > slowest)
            plot.least = speedup;
        plot.top = fmax(plot.top, speedup);
    }
    plot.top = fmax(plot.top, plot.most);
    return plot;
}

/* The points of a runtime; returns whether there is one. */
static bool put_data(FILE *script, const struct plot *plot, const char *runtime,
                     unsigned number)
{
    bool any = false;

    (void)fprintf(script, "$data%u << END\n", number);
    for (size_t i = 0; i < plot->rows->count; i++) {
        const struct bench_row *row = &plot->rows->rows[i];
        double speedup = speedup_in(plot, row);

        if (speedup <= 0 || strcmp(row->runtime, runtime) != 0)
            continue;
        any = true;
        (void)fprintf(script, "%u %.6g\n", row->workers, speedup);
    }
    (void)fputs("END\n", script);
    return any;
}

/* Powers of two, every second one when there are many; below 1 as fractions. */
static void put_powers(FILE *script, double least, double most)
{
    int from = (int)floor(log2(least));
    int end = (int)floor(log2(most));
    int step = end - from > 9 ? 2 : 1;

    (void)fputs("set ytics nomirror scale 0 (1", script);
    for (int power = step; power <= end; power += step)
        (void)fprintf(script, ", %d", 1 << power);
    for (int power = step; power <= -from; power += step)
        (void)fprintf(script, ", '1/%d' %f", 1 << power, exp2(-power));
    (void)fputs(")\n", script);
}

/* A tick at every number of workers on a small plot, at powers of two on a large one. */
static void put_axes(FILE *script, const struct plot *plot)
{
    double most = plot->most;

    (void)fprintf(script,
                  "set xlabel 'workers' textcolor rgb '#020202' offset 0,0.7\n"
                  "set lmargin 5\nset rmargin 1.5\nset tmargin 0.5\nset bmargin 2.6\n");
    if (plot->most > MANY_WORKERS) {
        (void)fprintf(script,
                      "set logscale xy 2\nset xrange [0.94:%f]\nset yrange [%f:%f]\n"
                      "set xtics 1,2 nomirror scale 0\n",
                      1.08 * most, exp2(floor(log2(plot->least))), 1.4 * plot->top);
        put_powers(script, plot->least, plot->top);
        return;
    }
    (void)fprintf(script,
                  "set xrange [%f:%f]\nset yrange [0:%f]\nset xtics 1 nomirror scale 0\n"
                  "set ytics %s nomirror scale 0\n",
                  1 - 0.06 * most, 1.06 * most, 1.12 * plot->top,
                  plot->top > 4 ? "1" : "0.5");
}

/* A line between the last worker of a node and the first of another one. */
static void put_nodes(FILE *script, const struct plot *plot)
{
    const struct bench_machine *machine = plot->machine;

    for (uint32_t i = 0; machine != NULL && i < machine->node_end_count; i++) {
        double end = machine->node_ends[i];
        double at = plot->most > MANY_WORKERS ? sqrt(end * (end + 1)) : end + 0.5;

        if (end >= plot->most)
            return;
        (void)fprintf(script,
                      "set arrow from %.4f, graph 0 to %.4f, graph 1 nohead dt 4 lw 1",
                      at, at);
        put_colour(script, BENCH_PLOT_TEXT);
        (void)fputc('\n', script);
    }
}

static void put_script(FILE *script, const struct plot *plot)
{
    const char *runtimes[BENCH_PLOT_RUNTIMES];
    unsigned count = bench_plot_runtimes(plot->rows, runtimes);
    bool any[BENCH_PLOT_RUNTIMES] = {false};

    (void)fprintf(script, "set terminal svg size 400,250 dynamic font 'sans-serif,13'\n"
                          "set encoding utf8\nset key off\nset border 1");
    put_colour(script, BENCH_PLOT_AXIS);
    (void)fprintf(script, "\nset tics textcolor rgb '#020202'\nset grid ytics lt 1 lw 1");
    put_colour(script, BENCH_PLOT_GRID);
    (void)fputc('\n', script);
    put_axes(script, plot);
    put_nodes(script, plot);
    for (unsigned i = 0; i < count; i++)
        any[i] = put_data(script, plot, runtimes[i], i);

    /* A range from 1 to 1 is none to gnuplot, which would stop there. */
    (void)fputs("plot ", script);
    if (plot->most > 1)
        (void)fprintf(script, "[x=1:%u] ", plot->most);
    (void)fputs("x with lines dt 3 lw 1.5", script);
    put_colour(script, BENCH_PLOT_IDEAL);
    (void)fputs(", 1 with lines dt 2 lw 1", script);
    put_colour(script, BENCH_PLOT_IDEAL);
    /* The first series last: it lies on top. */
    for (unsigned i = count; i-- > 0;) {
        if (!any[i])
            continue;
        (void)fprintf(script, ", $data%u using 1:2 with linespoints pt 7 ps 0.7 lw %s", i,
                      i == 0 ? "2.5" : "1.5");
        put_colour(script, BENCH_PLOT_SERIES + i);
    }
    (void)fputc('\n', script);
}

/* ------------------------------------------------------------- the picture */

/* Moves past "rgb(n, n, n)" at `*text`, where n numbers a colour, and returns n; else
 * 0. */
static unsigned long take_colour(const char **text)
{
    unsigned long parts[3];
    const char *from = *text;
    char *end;

    for (int i = 0; i < 3; i++) {
        const char *before = i == 0 ? "rgb(" : ",";

        if (strncmp(from, before, strlen(before)) != 0)
            return 0;
        parts[i] = strtoul(from + strlen(before), &end, 10);
        from = end;
    }
    if (*from != ')' || parts[0] != parts[1] || parts[1] != parts[2] ||
        parts[0] >= BENCH_PLOT_SERIES + BENCH_PLOT_RUNTIMES)
        return 0;
    *text = from + 1;
    return parts[0];
}

/* Colours that are numbers of the script become those of the page. */
static void put_picture(FILE *out, const char *svg)
{
    while (*svg != '\0') {
        unsigned long colour = take_colour(&svg);

        if (colour != 0)
            (void)fprintf(out, "var(--plot-%lu)", colour);
        else
            (void)fputc(*svg++, out);
    }
}

bool bench_plot(FILE *out, const struct bench_rows *rows, const struct bench_row *of_case,
                const struct bench_machine *machine)
{
    const struct plot plot = plot_of(rows, of_case, machine);
    char *script = NULL;
    char *svg = NULL;
    size_t size;
    const char *from;
    FILE *stream = open_memstream(&script, &size);

    if (stream == NULL)
        return false;
    put_script(stream, &plot);
    if (fclose(stream) == 0)
        svg = gnuplot(script);
    from = svg != NULL ? strstr(svg, "<svg") : NULL;
    if (from != NULL)
        put_picture(out, from);
    free(script);
    free(svg);
    return from != NULL;
}
