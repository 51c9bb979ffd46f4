/*
 * every_macro.c - the macros of the public headers, as programs in C and in C++ expand
 * them.  This file is only compiled, with every warning.  Its globals have names that a
 * macro might have chosen for variables of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifdef MAG_TEST_IMPORT
import <magpie/magpie.h>;
#else
#    include <magpie/magpie.h>
#endif

extern int task, value, made, payload, local, returned, job, child, block, args, error;
extern int outcome, result, name, code, size, place, now, to, copy, scope, bytes;

struct point {
    long x, y, z;
};

MAG_VTASK_DEFINE(int_task, int)
MAG_VTASK_DEFINE(point_task, struct point)
MAG_VTASK_DEFINE(text_task, const char *)

/* ----------------------------------------------------------------------- pipelines */

MAG_PIPELINE(points, struct point, char)
MAG_PIPELINE(sums, struct point, long)

static int make_point(struct point *p, long *sum)
{
    p->x = *sum;
    return *sum == 3 ? MAG_STAGE_END : MAG_STAGE_SKIP;
}

static mag_task add_point(struct point *p, long *sum)
{
    *sum += p->x;
    return mag_stage_task(0);
}

static int pass_points(long *sum)
{
    static const struct sums_stage stages[] = {
        MAG_STAGE(make_point, MAG_STAGE_IN_ORDER),
        MAG_STAGE_ASYNC(add_point, MAG_STAGE_PARALLEL),
    };

    return sums_run(MAG_NULL, stages, 2, 4, sum);
}

/* ----------------------------------------------------------------------- fork-join */

MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child second = fib_fork(&w, n - 2);
    long first = fib(w, n - 1);
    return first + fib_join(&w, second);
}

MAG_FORKABLE(struct point, far, struct point, a, struct point, b, struct point, c, int, d,
             long *, e, const char *, g)
static struct point far(mag_fork w, struct point a, struct point b, struct point c, int d,
                        long *e, const char *g)
{
    (void)w;
    a.x += b.x + c.x + d + *e + g[0];
    return a;
}

MAG_FORKABLE(long, nothing, void)
static long nothing(mag_fork w)
{
    struct point p = {0, 0, 0};
    struct far_child other = far_fork(&w, p, p, p, 1, &p.x, "");

    return far_join(&w, other).x;
}

MAG_FORKABLE_VOID(silent, void)
static void silent(mag_fork w)
{
    struct nothing_child other = nothing_fork(&w);

    (void)nothing_join(&w, other);
}

MAG_FORKABLE_VOID(eight, int, a, int, b, int, c, int, d, int, e, int, g, int, h, int *,
                  sum)
static void eight(mag_fork w, int a, int b, int c, int d, int e, int g, int h, int *sum)
{
    struct silent_child other = silent_fork(&w);

    *sum = a + b + c + d + e + g + h;
    silent_join(&w, other);
}

MAG_SPAWNABLE(visit, int *, node)
static int visit(mag_fork w, int *node)
{
    struct mag_scope all;
    struct eight_child other = eight_fork(&w, 1, 2, 3, 4, 5, 6, 7, node);

    eight_join(&w, other);
    mag_scope_open(&all, w);
    if (!mag_fork_is_full(w))
        visit_spawn(&w, &all, node);
    return mag_scope_join(&w, &all);
}

MAG_LOOP(nothing_at, void)
static int nothing_at(struct mag_range range, uint32_t slot)
{
    return range.begin > range.end || slot > 1;
}

MAG_LOOP(walk, int *, a, struct point, p)
static int walk(struct mag_range range, uint32_t slot, int *a, struct point p)
{
    for (size_t i = range.begin; i < range.end; i++)
        a[i] = p.x > 0 ? 1 : 0;
    return nothing_at_for(MAG_NULL, slot, 2);
}

MAG_LOOP_2D(fill, int *, a)
static int fill(struct mag_block part, uint32_t slot, int *a)
{
    a[part.rows.begin] = MAG_CAST(int, part.columns.begin);
    return slot > 1;
}

static int fill_all(mag_fork w, int *a)
{
    struct mag_block whole = {{0, 2}, {0, 3}};

    return fill_for(MAG_NULL, 2, 3, a) + fill_for_with(MAG_NULL, MAG_NULL, whole, a) +
           fill_for_in(w, MAG_NULL, whole, a);
}

MAG_SORT(by_x, struct point, void)
static bool by_x(const struct point *a, const struct point *b)
{
    return a->x < b->x;
}

MAG_SORT(through, int, const struct point *, points, bool, falling)
static bool through(const int *a, const int *b, const struct point *points, bool falling)
{
    return falling ? points[*a].x > points[*b].x : points[*a].x < points[*b].x;
}

static int sort_points(mag_fork w, struct point *points, int *indices)
{
    struct by_x_sort_options options = {true, MAG_NULL, MAG_NULL, 0};

    return by_x_sort(MAG_NULL, points, 3) + by_x_sort_in(w, &options, points, 3) +
           by_x_sort_with(MAG_NULL, &options, points, 3) +
           by_x_sort_stable(MAG_NULL, points, 3) +
           through_sort(MAG_NULL, indices, 3, points, true);
}

MAG_FORKABLE(int, walk_all, int *, a)
static int walk_all(mag_fork w, int *a)
{
    struct point p = {1, 2, 3};
    struct mag_for_options options = {1, 0, 0, {0, 0, 0}, MAG_NULL, MAG_NULL};
    struct mag_range failed;

    return walk_for_in(w, 0, 10, a, p) + sort_points(w, &p, a) + fill_all(w, a) +
           walk_for_with(MAG_NULL, &options, &failed, 0, 10, a, p);
}

MAG_REDUCE(far_point, struct point, const struct point *, all, int, factor)
static int far_point(struct mag_range range, uint32_t slot, struct point *most,
                     const struct point *all, int factor)
{
    for (size_t i = range.begin; i < range.end; i++)
        most->x += all[i].x * factor;
    return slot > 1;
}
static void far_point_combine(struct point *most, const struct point *later)
{
    most->x += later->x;
}

MAG_REDUCE_FIXED(how_many, size_t, void)
static int how_many(struct mag_range range, uint32_t slot, size_t *total)
{
    *total += range.end - range.begin;
    return slot > 1;
}
static void how_many_combine(size_t *total, const size_t *later)
{
    *total += *later;
}

MAG_SCAN(run_on, struct point, const struct point *, all, struct point *, out)
static int run_on(struct mag_range range, uint32_t slot, struct point *total,
                  const struct point *all, struct point *out)
{
    for (size_t i = range.begin; i < range.end; i++) {
        out[i] = *total;
        total->x += all[i].x;
    }
    return slot > 1;
}
static int run_on_fold(struct mag_range range, uint32_t slot, struct point *total,
                       const struct point *all, struct point *out)
{
    for (size_t i = range.begin; i < range.end && out != MAG_NULL; i++)
        total->x += all[i].x;
    return slot > 1;
}
static void run_on_combine(struct point *total, const struct point *later)
{
    total->x += later->x;
}

MAG_SCAN(how_far, long, void)
static int how_far(struct mag_range range, uint32_t slot, long *total)
{
    *total += range.end > range.begin;
    return slot > 1;
}
static int how_far_fold(struct mag_range range, uint32_t slot, long *total)
{
    return how_far(range, slot, total);
}
static void how_far_combine(long *total, const long *later)
{
    *total += *later;
}

MAG_FILTER(is_right, struct point, int, limit)
static bool is_right(const struct point *p, int limit)
{
    return p->x > limit;
}

MAG_FILTER(is_set, int, void)
static bool is_set(const int *number)
{
    return *number != 0;
}

MAG_FIND(is_far, const struct point *, all, long, limit)
static bool is_far(size_t index, const struct point *all, long limit)
{
    return all[index].x > limit;
}

MAG_FIND(is_odd, void)
static bool is_odd(size_t index)
{
    return index % 2 != 0;
}

static int go_left(struct point *p)
{
    return p->x < 0 ? 1 : 0;
}
static int go_up(struct point *p)
{
    return p->y < 0 ? 1 : 0;
}
MAG_INVOKE(go, struct point *, p, go_left, go_up)

MAG_FORKABLE(int, choose_all, const struct point *, all, struct point *, out)
static int choose_all(mag_fork w, const struct point *all, struct point *out)
{
    struct mag_for_options options = {1, 0, 0, {0, 0, 0}, MAG_NULL, MAG_NULL};
    struct mag_range failed;
    const int numbers[2] = {1, 2};
    int set[2];
    size_t many = 0;

    return is_right_filter(MAG_NULL, out, &many, all, 10, 3) +
           is_right_filter_in(w, out, &many, all, 10, 3) +
           is_right_partition(MAG_NULL, out, out + 10, &many, all, 10, 3) +
           is_right_partition_in(w, out, out + 10, &many, all, 10, 3) +
           is_right_partition_with(MAG_NULL, &options, out, MAG_NULL, &many, all, 10, 3) +
           is_set_filter(MAG_NULL, set, &many, numbers, 2) +
           is_far_find_in(w, &many, 0, 10, all, 1) +
           is_far_find_with(MAG_NULL, &options, &many, 0, 10, all, 1) +
           is_odd_find(MAG_NULL, &many, 0, 10) + go_invoke_in(w, out) +
           go_invoke(MAG_NULL, out) + go_invoke_with(MAG_NULL, &options, &failed, out);
}

MAG_FORKABLE(int, scan_all, const struct point *, all, struct point *, out)
static int scan_all(mag_fork w, const struct point *all, struct point *out)
{
    struct mag_for_options options = {1, 0, 0, {0, 0, 0}, MAG_NULL, MAG_NULL};
    struct mag_range failed;
    struct point most = {0, 0, 0};
    long total = 0;

    return run_on_scan_in(w, &most, 0, 10, all, out) +
           run_on_scan_with(MAG_NULL, &options, &failed, &most, 0, 10, all, out) +
           how_far_scan(MAG_NULL, &total, 0, 10);
}

MAG_FORKABLE(int, reduce_all, const struct point *, all)
static int reduce_all(mag_fork w, const struct point *all)
{
    struct mag_for_options options = {1, 0, 0, {0, 0, 0}, MAG_NULL, MAG_NULL};
    struct mag_range failed;
    struct point most = {0, 0, 0};
    size_t total = 0;

    return far_point_reduce_in(w, &most, 0, 10, all, 2) +
           far_point_reduce_with(MAG_NULL, &options, &failed, &most, 0, 10, all, 2) +
           how_many_reduce(MAG_NULL, &total, 0, 10);
}

MAG_FORK_TASK(int_task, late, int, n)
static int_task late(mag_fork w, int n)
{
    int number = n;

    return visit(w, &number) == 0 ? int_task_result(number)
                                  : int_task_of(mag_vtask_failed(-1, 0));
}

MAG_FORK_TASK(point_task, later, void)
static point_task later(mag_fork w)
{
    struct point p = {1, 2, 3};
    struct late_child other = late_fork(&w, 1);
    int_task number = late_task(&w, other);

    return mag_vtask_status(number.task) == MAG_SUCCEEDED ? point_task_result(p)
                                                          : point_task_of(number.task);
}

MAG_SUBMIT_TASK(int_task, halve, int, n, const char *, why)
static int_task halve(int n, const char *why)
{
    return why == MAG_NULL ? int_task_of(mag_vtask_failed(-1, 0))
                           : int_task_result(n / 2);
}

MAG_SUBMIT_TASK(mag_task, twice, void)
static mag_task twice(void)
{
    return mag_task_of(halve_submit(MAG_NULL, 2, "").task);
}

MAG_SUBMIT_TASK(point_task, move, struct point, p)
static point_task move(struct point p)
{
    mag_task other = twice_submit(MAG_NULL);

    return mag_vtask_status(other.task) == MAG_SUCCEEDED ? point_task_result(p)
                                                         : point_task_of(other.task);
}

/* --------------------------------------------------------------- async functions */

MAG_ASYNC(int_task, sum, (int_task, a, int_task, b), int x; int y; int r; struct point p;)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    MAG_AWAIT(f, f->x, f->a);
    MAG_TRY(f, f->r, f->y, f->b);
    if (f->r != 0)
        MAG_FAIL(f, f->r);
    if (mag_async_detail(f) != 0)
        MAG_FAIL_WITH(f, -ENOENT, 1);
    MAG_CONTINUE_ON(f, MAG_NULL);
    MAG_AWAIT_ON(f, MAG_NULL, f->p, point_task_of(mag_vtask_failed(-1, 0)));
    MAG_AWAIT_DONE(f, mag_task_done());
    MAG_TRY_DONE(f, f->r, mag_task_of(MAG_VTASK_COMPLETED));
    return int_task_result(f->x + f->y);
    MAG_END(f);
}

MAG_ASYNC(point_task, hop, (void), long x;)
{
    MAG_BEGIN(f);
    f->x = 1;
    MAG_END(f);
}

MAG_ASYNC(mag_task, end, (int, n), )
{
    MAG_BEGIN(f);
    if (f->n == 0)
        return mag_task_done();
    MAG_END(f);
}

/* -------------------------------------------------------------- operations */

struct request {
    struct mag_operation operation;
    struct point p;
};

struct stoppable {
    struct mag_operation operation;
    struct mag_cancel_registration registration;
    struct point p;
};

static void destroy(struct mag_core *core)
{
    (void)core;
}

extern struct mag_operation_type types[6];
struct mag_operation_type types[6] = {
    MAG_OPERATION_TYPE(struct request),
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(p)),
    MAG_OPERATION_TYPE(struct request, MAG_LIMIT(7), MAG_RESULT(p)),
    MAG_OPERATION_TYPE(struct request, MAG_DESTROY(destroy)),
    MAG_OPERATION_TYPE(struct stoppable, MAG_CANCELABLE(registration)),
    MAG_OPERATION_TYPE(struct stoppable, MAG_DESTROY(destroy),
                       MAG_CANCELABLE(registration), MAG_RESULT(p), MAG_LIMIT(7)),
};

/* ----------------------------------------------------------------------- channels */

MAG_CHANNEL_DEFINE(points, struct point)
MAG_CHANNEL_DEFINE(texts, const char *)

int send_and_receive(struct points *p, struct texts *t, struct mag_cancel *stop);
int send_and_receive(struct points *p, struct texts *t, struct mag_cancel *stop)
{
    struct point sent = {1, 2, 3};
    struct point many[2] = {{1, 2, 3}, {4, 5, 6}};
    size_t count;
    const char *text;
    struct mag_channel_info info;
    int r = points_create(1, &p) + texts_create(MAG_CHANNEL_UNBOUNDED, &t);

    r += mag_task_get(points_send(p, sent));
    r += mag_task_get(texts_send_until(t, "text", stop)) + texts_try_send(t, "other");
    r += points_task_get(points_receive_until(p, stop), &sent);
    r += texts_task_wait(texts_receive(t), &text) + texts_try_receive(t, &text);
    r += points_create_ordered(1, &p);
    r += mag_task_get(points_send_at(p, sent, MAG_PRIORITY_HIGH, stop));
    r += points_try_send_at(p, sent, MAG_PRIORITY_LOW);
    r += mag_task_get(points_send_many(p, many, 2, stop, &count));
    r += points_try_send_many(p, many, 2, &count);
    r += mag_count_task_get(points_receive_many(p, many, 2, stop), &count);
    r += points_try_receive_many(p, many, 2, &count);
    struct mag_channel_case both[2] = {points_case(p, &sent), texts_case(t, &text)};
    r += mag_count_task_get(mag_select(both, 2, stop), &count);
    r += points_close(p) && texts_fail(t, -1) ? 1 : 0;
    points_query(p, &info);
    points_destroy(p);
    texts_destroy(t);
    return r;
}

/* ------------------------------------------------------------------------- a use */

int use(struct mag_sched *sched);
int use(struct mag_sched *sched)
{
    long number;
    int small;
    const char *text;
    struct point p = {0, 0, 0};
    point_task made_later;
    void *object;
    int r = fib_run(sched, &number, 30);

    number = 0;
    r += pass_points(&number);
    r += nothing_run(sched, &number) + silent_run(sched);
    r += eight_run(sched, 1, 2, 3, 4, 5, 6, 7, &small);
    r += far_run(sched, &p, p, p, p, 1, &number, "");
    r += visit_run(sched, &small) + later_run(sched, &made_later);
    r += point_task_get(point_task_configure(made_later, false), &p);
    r += point_task_preserve(made_later, &made_later);
    r += int_task_wait(sum(int_task_result(3), int_task_result(4)), &small);
    r += point_task_wait(hop(), &p) + mag_task_wait(end(1));
    r += mag_task_get(mag_task_configure(mag_task_done(), true));
    r += text_task_get(text_task_result(""), &text);
    r += int_task_equal(int_task_result(1), int_task_result(2)) ? 1 : 0;
    r += int_task_hash(int_task_result(1)) == 0 ? 1 : 0;
    return r + mag_operation_rent(&types[0], &object);
}
