/*
 * every_stream_macro.c - as every_macro.c: loops that await, sequences, graphs,
 * connected operations.
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

/* --------------------------------------------- loops that await, sequences, graphs */

MAG_EACH(touch, struct point *, points, const char *, label)
static mag_task touch(size_t index, struct point *points, const char *label)
{
    points[index].x += label[0];
    return mag_task_done();
}

MAG_SEQUENCE_DEFINE(ints, int)
MAG_SEQUENCE_DEFINE(spots, struct point)

MAG_SEQUENCE(ints, upwards, (int, limit), int i;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->limit; f->i++)
        MAG_YIELD(f, f->i);
    MAG_END(f);
}

MAG_SEQUENCE_WITH_CLEANUP(spots, along, (struct point, from, struct ints *, steps),
                          int step;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->step, ints_next(f->steps));
        f->from.x += f->step;
        MAG_YIELD(f, f->from);
    }
    MAG_END(f);
}

static void along_cleanup(struct along_frame *f)
{
    ints_end(f->steps);
}

MAG_EACH_OF(spots, mark, long *, sum)
static mag_task mark(struct point spot, long *sum)
{
    *sum += spot.x;
    return mag_task_done();
}

MAG_EACH_OF(ints, skip, void)
static mag_task skip(int number)
{
    (void)number;
    return mag_task_done();
}

MAG_NODE(mag_task, stays, void)
static mag_task stays(void)
{
    return mag_task_done();
}

MAG_NODE(int_task, measures, struct point, at, const char *, label)
static int_task measures(struct point at, const char *label)
{
    return int_task_result(label[0] + (at.x > at.y ? 1 : 0));
}

/* ----------------------------------------------------- connected operations */

struct knock {
    MAG_POINTER(mag_waiter) waiter;
};

static int_task knock_begin(MAG_POINTER(mag_waiter) waiter, struct knock *knock, int n)
{
    knock->waiter = waiter;
    return n == 0 ? int_task_result(n) : int_task_of(MAG_STARTED);
}

MAG_ASYNC(int_task, knocks, (int, n), struct knock knock; int x; int r;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->x, knock, &f->knock, f->n);
    MAG_CONNECT_DONE(f, knock, &f->knock, f->n);
    MAG_CONNECT_TRY(f, f->r, f->x, knock, &f->knock, f->n);
    MAG_CONNECT_TRY_DONE(f, f->r, knock, &f->knock, f->n);
    return int_task_result(f->x + f->r);
    MAG_END(f);
}

MAG_ASYNC(point_task, here, (void), long x;)
{
    MAG_BEGIN(f);
    f->x = 1;
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(point_task, knocks_again, (void), struct knocks_frame knocks; int x;
                    struct here_frame here; struct point p;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->x, knocks, &f->knocks, 1);
    MAG_CONNECT(f, f->p, here, &f->here);
    MAG_AWAIT_DONE(f, knocks(f->x));
    return point_task_result(f->p);
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(mag_task, knocks_on, (struct point, p),
                    struct knocks_again_frame again;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, knocks_again, &f->again);
    MAG_AWAIT_DONE(f, knocks_again());
    MAG_END(f);
}

int call_streams(struct mag_sched *sched, struct mag_graph *graph);
int call_streams(struct mag_sched *sched, struct mag_graph *graph)
{
    struct point p = {0, 0, 0};
    struct mag_graph_node *first, *second;
    long sum = 0;
    int r = mag_task_get(touch_each(sched, 0, 1, &p, ""));

    r += mag_task_get(touch_each_with(sched, MAG_NULL, 0, 1, &p, ""));
    r += mag_task_get(mark_each(sched, along(p, upwards(3)), &sum));
    r += mag_task_get(mark_each_with(sched, MAG_NULL, along(p, upwards(3)), &sum));
    r += mag_task_get(skip_each(sched, upwards(2)));
    r += mag_task_get(skip_each_with(sched, MAG_NULL, upwards(2)));
    r += point_task_wait(knocks_again(), &p) + mag_task_wait(knocks_on(p));
    r += stays_node(graph, &first) + measures_node(graph, p, "", &second);
    return r + mag_task_get(mag_graph_run(graph, sched, MAG_NULL));
}
