/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/lane.h"

#include "bench/workloads/program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512 };

/* --------------------------------------------------------- the lane's side */

static double read_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double bench_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* For how long the calling thread has run. */
static double ran(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* What the workers had done before a run, and after it. */
struct looks {
    struct bench_why_workers before;
    struct bench_why_workers after;
};

static int set_up(const struct bench_lane_spec *spec, struct bench_run *run,
                  struct looks *looks)
{
    struct mag_sched_config config;
    int r = 0;

    mag_sched_config_init(&config);
    config.workers = spec->workers;
    if (spec->seating != NULL) {
        config.placement = spec->seating->placement;
        config.pin = spec->seating->pin;
    }
    if (spec->workload->workers_only)
        config.spare = 0;
    if (!spec->twin && spec->workload->threads == 0 && spec->workload->program == NULL)
        r = mag_sched_start(&config, &run->sched);
    if (r == 0 && run->sched != NULL)
        r = bench_why_workers_init(&looks->before, run->sched);
    if (r == 0 && run->sched != NULL)
        r = bench_why_workers_init(&looks->after, run->sched);
    if (r == 0 && spec->workload->prepare != NULL)
        r = spec->workload->prepare(run);
    return r;
}

static int run_once(const struct bench_lane_spec *spec, struct bench_run *run,
                    struct looks *looks, struct bench_why *ret_why)
{
    const struct bench_workload *workload = spec->workload;
    int r = workload->reset != NULL ? workload->reset(run) : 0;

    if (r < 0)
        return r;
    run->seconds = 0;
    *ret_why = (struct bench_why){0};
    bench_why_workers_look(&looks->before);

    double from = bench_now(), ran_from = ran();
    r = spec->twin ? workload->run_twin(run) : workload->run_magpie(run);
    double took = bench_now() - from, ran_for = ran() - ran_from;

    bench_why_workers_look(&looks->after);
    bench_why_workers_between(&looks->before, &looks->after, ret_why);
    if (workload->caller_works && run->sched != NULL)
        bench_why_caller(ret_why, took, ran_for, run->workers);
    if (run->seconds <= 0)
        run->seconds = took;
    if (r == 0 && workload->check != NULL)
        workload->check(run);
    return r;
}

static void say(FILE *out, int error, const char *done)
{
    if (error == 0)
        (void)fprintf(out, "%s\n", done);
    else
        (void)fprintf(out, "failed %s\n", mag_call_text(error));
    (void)fflush(out);
}

static void format_done(const struct bench_run *run, const struct bench_why *why,
                        char *line, size_t size)
{
    int length = snprintf(line, size, "done %.9e %" PRIu64, run->seconds, run->answer);

    if (run->peak_kib > 0)
        length +=
            snprintf(line + length, size - (size_t)length, " %" PRIu64, run->peak_kib);
    if (!bench_why_known(why))
        return;
    length += snprintf(line + length, size - (size_t)length,
                       " workers %.9e %.9e %.9e %.9e %.9e %" PRIu64 " %" PRIu64,
                       why->run_s, why->search_s, why->park_s, why->wait_s, why->even_s,
                       why->steals_near, why->steals_far);
    for (uint32_t i = 0; i < MAG_STEAL_RINGS; i++)
        length += snprintf(line + length, size - (size_t)length, " %" PRIu64,
                           why->steals_ring[i]);
}

static void serve(const struct bench_lane_spec *spec, FILE *in, FILE *out)
{
    struct bench_run run = {.size = spec->size, .workers = spec->workers};
    struct looks looks = {0};
    struct bench_why why = {0};
    char line[LINE];
    int r = set_up(spec, &run, &looks);

    say(out, r, "ready");
    while (r == 0 && fgets(line, sizeof(line), in) != NULL &&
           strcmp(line, "run\n") == 0) {
        r = run_once(spec, &run, &looks, &why);
        format_done(&run, &why, line, sizeof(line));
        say(out, r, line);
    }
    if (spec->workload->cleanup != NULL)
        spec->workload->cleanup(&run);
    bench_why_workers_fini(&looks.before);
    bench_why_workers_fini(&looks.after);
    mag_sched_destroy(run.sched);
}

_Noreturn static void lane_main(const struct bench_lane_spec *spec, int in, int out)
{
    /* Nothing else stops a lane whose parent has died. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (spec->command != NULL) {
        /* execvp takes its strings as char *, and leaves them alone. */
        union {
            const char *const *shared;
            char *const *own;
        } argv = {.shared = spec->command};

        (void)dup2(in, STDIN_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)execvp(argv.own[0], argv.own);
        (void)dprintf(out, "failed %s: %s\n", spec->command[0], strerror(errno));
        _exit(127);
    }

    FILE *from = fdopen(in, "r");
    FILE *to = fdopen(out, "w");

    if (from != NULL && to != NULL)
        serve(spec, from, to);
    /* Not _exit: tools that look for leaks speak up at the end. */
    exit(0);
}

/* ------------------------------------------------------- the parent's side */

static const char *const not_understood = "said what is not understood";

static bool fail(struct bench_lane *lane, const char *why)
{
    if (lane->error[0] == '\0')
        (void)snprintf(lane->error, sizeof(lane->error), "%s", why);
    return false;
}

/* Waits for the end of the process, and fails when it is not a good one or not due. */
static bool fail_as_ended(struct bench_lane *lane, bool due)
{
    siginfo_t end = {0};
    char why[BENCH_ERROR];

    while (waitid(P_PID, (id_t)lane->pid, &end, WEXITED | WNOWAIT) != 0) {
        if (errno != EINTR)
            return fail(lane, strerror(errno));
    }
    if (end.si_code == CLD_EXITED && end.si_status == 0 && due)
        return true;
    if (end.si_code == CLD_EXITED)
        (void)snprintf(why, sizeof(why), "ended with status %d", end.si_status);
    else
        (void)snprintf(why, sizeof(why), "killed by signal %d (%s)", end.si_status,
                       strsignal(end.si_status));
    return fail(lane, why);
}

/* Waits until the lane says something or has ended.  False: its time is over, and it
 * was killed.  The buffer of `from` is empty, for a lane says one line at a time. */
static bool wait_for(struct bench_lane *lane)
{
    struct pollfd from = {.fd = fileno(lane->from), .events = POLLIN};

    if (lane->until == 0)
        return true;
    for (;;) {
        double left = 1e3 * (lane->until - bench_now());
        int wait = left <= 0 ? 0 : left < INT_MAX ? (int)left + 1 : INT_MAX;
        int ready = poll(&from, 1, wait);

        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
        if (ready == 0 && left <= 0)
            break;
    }
    lane->late = true;
    (void)kill(lane->pid, SIGKILL);
    return fail(lane, "no time left");
}

/* Reads the lane's answer into `line`; true when it begins with `wanted`. */
static bool hear(struct bench_lane *lane, const char *wanted, char *line, size_t size)
{
    char *end;

    if (!wait_for(lane))
        return false;
    if (fgets(line, (int)size, lane->from) == NULL)
        return fail_as_ended(lane, false);
    end = strchr(line, '\n');
    if (end != NULL)
        *end = '\0';
    if (strncmp(line, wanted, strlen(wanted)) == 0)
        return true;
    return fail(lane, strncmp(line, "failed ", 7) == 0 ? line + 7 : not_understood);
}

static bool fork_lane(struct bench_lane *lane, const struct bench_lane_spec *spec)
{
    int down[2];
    int up[2];

    if (pipe2(down, O_CLOEXEC) != 0)
        return fail(lane, strerror(errno));
    if (pipe2(up, O_CLOEXEC) != 0) {
        (void)close(down[0]);
        (void)close(down[1]);
        return fail(lane, strerror(errno));
    }
    lane->pid = fork();
    if (lane->pid == 0)
        lane_main(spec, down[0], up[1]);

    (void)close(down[0]);
    (void)close(up[1]);
    lane->to = down[1];
    lane->from = fdopen(up[0], "re");
    if (lane->pid > 0 && lane->from != NULL)
        return true;
    if (lane->from == NULL)
        (void)close(up[0]);
    return fail(lane, strerror(errno));
}

bool bench_lane_start(struct bench_lane *lane, const struct bench_lane_spec *spec)
{
    char line[BENCH_ERROR];

    *lane = (struct bench_lane){.to = -1, .until = spec->until};
    /* Empty our buffers, so that the child does not write their content again. */
    (void)fflush(NULL);
    return fork_lane(lane, spec) && hear(lane, "ready", line, sizeof(line));
}

/* Reads what the workers did, up to the end of the line. */
static bool hear_workers(const char *text, struct bench_why *why)
{
    double *const times[] = {&why->run_s, &why->search_s, &why->park_s, &why->wait_s,
                             &why->even_s};
    const char *at = text;
    char *end;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        *times[i] = strtod(at, &end);
        if (end == at || !(*times[i] >= 0))
            return false;
        at = end;
    }
    why->steals_near = strtoull(at, &end, 10);
    if (end == at)
        return false;
    at = end;
    why->steals_far = strtoull(at, &end, 10);
    for (uint32_t i = 0; i < MAG_STEAL_RINGS && end != at; i++) {
        at = end;
        why->steals_ring[i] = strtoull(at, &end, 10);
    }
    return end != at && *end == '\0';
}

/* Reads what follows "done ". */
static bool hear_run(struct bench_lane *lane, const char *text, double *ret_seconds,
                     uint64_t *ret_answer)
{
    static const char workers[] = " workers ";
    struct bench_why why = {0};
    uint64_t peak = 0;
    char *end;
    char *last;
    double seconds = strtod(text, &end);
    uint64_t answer = strtoull(end, &last, 10);

    if (last == end || !(seconds >= 0))
        return false;
    if (*last == ' ' && last[1] >= '0' && last[1] <= '9')
        peak = strtoull(last, &last, 10);
    if (strncmp(last, workers, strlen(workers)) == 0) {
        if (!hear_workers(last + strlen(workers), &why))
            return false;
    } else if (*last != '\0') {
        return false;
    }
    if (peak > lane->peak_kib)
        lane->peak_kib = peak;
    lane->why = why;
    *ret_seconds = seconds;
    *ret_answer = answer;
    return true;
}

bool bench_lane_run(struct bench_lane *lane, double *ret_seconds, uint64_t *ret_answer)
{
    char line[LINE];

    if (lane->error[0] != '\0')
        return false;
    if (write(lane->to, "run\n", 4) != 4)
        return fail_as_ended(lane, false);
    if (!hear(lane, "done ", line, sizeof(line)))
        return false;
    return hear_run(lane, line + strlen("done "), ret_seconds, ret_answer) ||
           fail(lane, not_understood);
}

uint64_t bench_lane_stop(struct bench_lane *lane)
{
    struct rusage usage = {0};

    if (lane->to >= 0) {
        /* Lanes that were forked later hold this end too: closing it is not enough.  One
         * that has ended already does not mind. */
        ssize_t ignored = write(lane->to, "quit\n", 5);
        (void)ignored;
        (void)close(lane->to);
    }
    if (lane->pid > 0) {
        /* What it says by its end counts too: a crash in the clean-up, a sanitizer. */
        (void)fail_as_ended(lane, true);
        (void)wait4(lane->pid, NULL, 0, &usage);
        if (lane->error[0] != '\0')
            bench_program_forget(lane->pid);
    }
    if (lane->from != NULL)
        (void)fclose(lane->from);
    lane->pid = 0;
    lane->to = -1;
    lane->from = NULL;
    return lane->peak_kib > 0 ? lane->peak_kib : (uint64_t)usage.ru_maxrss;
}
