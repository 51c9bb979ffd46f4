/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* From here on both axes are logarithmic. */
enum { MANY_WORKERS = 8 };

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
    (void)execlp("gnuplot", "gnuplot", (char *)NULL);
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

/* The runtimes of a case besides its baseline, in the order of the rows. */
static unsigned list_runtimes(const struct bench_rows *rows,
                              const struct bench_row *of_case, const char **ret_names)
{
    unsigned count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];
        unsigned j = 0;

        if (!row->ok || !bench_row_same_case(row, of_case) || bench_row_is_baseline(row))
            continue;
        while (j < count && strcmp(ret_names[j], row->runtime) != 0)
            j++;
        if (j == count && count < BENCH_PLOT_RUNTIMES)
            ret_names[count++] = row->runtime;
    }
    return count;
}

static void put_data(FILE *script, const struct bench_rows *rows,
                     const struct bench_row *of_case, const char *runtime,
                     unsigned number)
{
    (void)fprintf(script, "$data%u << END\n", number);
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];
        double speedup = bench_row_speedup(rows, row);

        if (speedup > 0 && bench_row_same_case(row, of_case) &&
            strcmp(row->runtime, runtime) == 0)
            (void)fprintf(script, "%u %.6g\n", row->workers, speedup);
    }
    (void)fputs("END\n", script);
}

/* A tick at every number of workers on a small plot, at powers of two on a large one. */
static void put_axes(FILE *script, uint32_t most)
{
    (void)fprintf(script,
                  "set xlabel 'workers' textcolor rgb '#020202'\n"
                  "set ylabel 'speed-up over serial C' textcolor rgb '#020202'\n");
    if (most > MANY_WORKERS) {
        (void)fprintf(script,
                      "set logscale xy 2\nset xrange [0.94:%f]\nset yrange [0.5:%f]\n"
                      "set format '%%g'\nset xtics 1,2 nomirror scale 0\n"
                      "set ytics 0.5,2 nomirror scale 0\n",
                      1.08 * most, 1.4 * most);
        return;
    }
    (void)fprintf(script,
                  "set xrange [%f:%f]\nset yrange [0:%f]\nset xtics 1 nomirror scale 0\n"
                  "set ytics %s nomirror scale 0\n",
                  1 - 0.06 * most, 1.06 * most, 1.12 * most, most > 4 ? "1" : "0.5");
}

static void put_script(FILE *script, const struct bench_rows *rows,
                       const struct bench_row *of_case, uint32_t most)
{
    const char *runtimes[BENCH_PLOT_RUNTIMES];
    unsigned count = list_runtimes(rows, of_case, runtimes);

    (void)fprintf(script, "set terminal svg size 480,300 dynamic font 'sans-serif,13'\n"
                          "set encoding utf8\nset border 1");
    put_colour(script, BENCH_PLOT_AXIS);
    (void)fprintf(script, "\nset tics textcolor rgb '#020202'\nset grid ytics lt 1 lw 1");
    put_colour(script, BENCH_PLOT_GRID);
    (void)fprintf(script,
                  "\nset key top left reverse Left samplen 2 textcolor rgb "
                  "'#020202'\nset key %s\n",
                  count > 1 ? "on" : "off");
    put_axes(script, most);
    for (unsigned i = 0; i < count; i++)
        put_data(script, rows, of_case, runtimes[i], i);

    (void)fprintf(script, "plot [x=1:%u] x with lines dt 3 lw 1.5", most);
    put_colour(script, BENCH_PLOT_IDEAL);
    (void)fprintf(script, " title 'ideal', 1 with lines dt 2 lw 1");
    put_colour(script, BENCH_PLOT_IDEAL);
    (void)fprintf(script, " title 'serial C'");
    /* The first series last: it lies on top. */
    for (unsigned i = count; i-- > 0;) {
        (void)fprintf(script, ", $data%u using 1:2 with linespoints pt 7 ps 0.7 lw %s", i,
                      i == 0 ? "2.5" : "1.5");
        put_colour(script, BENCH_PLOT_SERIES + i);
        (void)fprintf(script, " title '%s'", runtimes[i]);
    }
    (void)fputc('\n', script);
}

/* ------------------------------------------------------------- the picture */

/* Colours that are numbers of the script become those of the page. */
static void put_picture(FILE *out, const char *svg)
{
    while (*svg != '\0') {
        unsigned red;
        unsigned green;
        unsigned blue;
        int length = 0;

        if (sscanf(svg, "rgb(%u,%u,%u)%n", &red, &green, &blue, &length) == 3 &&
            length > 0 && red == green && green == blue && red > 0 &&
            red < BENCH_PLOT_SERIES + BENCH_PLOT_RUNTIMES) {
            (void)fprintf(out, "var(--plot-%u)", red);
            svg += length;
        } else {
            (void)fputc(*svg++, out);
        }
    }
}

bool bench_plot(FILE *out, const struct bench_rows *rows, const struct bench_row *of_case)
{
    uint32_t most = 1;
    char *script = NULL;
    char *svg = NULL;
    size_t size;
    const char *from;
    FILE *stream;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (bench_row_same_case(row, of_case) && bench_row_speedup(rows, row) > 0 &&
            row->workers > most)
            most = row->workers;
    }
    stream = open_memstream(&script, &size);
    if (stream == NULL)
        return false;
    put_script(stream, rows, of_case, most);
    if (fclose(stream) == 0)
        svg = gnuplot(script);
    from = svg != NULL ? strstr(svg, "<svg") : NULL;
    if (from != NULL)
        put_picture(out, from);
    free(script);
    free(svg);
    return from != NULL;
}
