/*
 * cached_pipeline.c - a buffered reader and a cache as stages of a pipeline.
 *
 * A log of sightings is read line by line, each species is looked up, and the birds are
 * added up in the order of the lines.  Most lines are in the buffer already, and most
 * species in the cache: then the stage's task is complete when the stage returns it, and
 * the item goes on at once, by a plain call.  Only a fill of the buffer and the first
 * look-up of a species suspend their stage.  Meanwhile the item holds a token and no
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(readability-function-size): count_birds_run_with has many parameters. */

enum { SPECIES = 4, LINES = 5000, LINE_MAX_BYTES = 40, TOKENS = 16 };

MAG_VTASK_DEFINE(size_task, size_t)
MAG_VTASK_DEFINE(text_task, const char *)

/* ---------------------------------------------------------------------- the reader */

struct reader {
    FILE *file;
    char buffer[2048];
    size_t begin, end;
    int fills;
};

/* Blocks, and is therefore called on a thread that is no worker. */
MAG_OFFLOAD_TASK(size_task, read_file, FILE *, file, char *, to, size_t, room)

static size_task read_file(FILE *file, char *to, size_t room)
{
    size_t got = fread(to, 1, room, file);

    return ferror(file) ? size_task_of(mag_vtask_failed(-EIO, 0)) : size_task_result(got);
}

/* Takes the next line out of the buffer.  False: it is not there as a whole. */
static bool take_line(struct reader *reader, char *line)
{
    const char *from = reader->buffer + reader->begin;
    const char *newline = memchr(from, '\n', reader->end - reader->begin);

    if (newline == NULL || newline - from >= LINE_MAX_BYTES)
        return false;
    memcpy(line, from, (size_t)(newline - from));
    line[newline - from] = 0;
    reader->begin = (size_t)(newline + 1 - reader->buffer);
    return true;
}

static mag_task read_line_slowly(struct reader *reader, char *line);

/* Fails with -ENODATA behind the last line. */
static mag_task read_line(struct reader *reader, char *line)
{
    return take_line(reader, line) ? mag_task_done() : read_line_slowly(reader, line);
}

MAG_ASYNC(mag_task, read_line_slowly, (struct reader *, reader, char *, line),
          size_t got;)
{
    struct reader *reader = f->reader;

    MAG_BEGIN(f);
    reader->fills++;
    memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    MAG_AWAIT(f, f->got,
              read_file_offload(reader->file, reader->buffer + reader->end,
                                sizeof(reader->buffer) - reader->end));
    if (f->got == 0)
        MAG_FAIL(f, reader->end == 0 ? -ENODATA : -EBADMSG);
    reader->end += f->got;
    return read_line(reader, f->line);
    MAG_END(f);
}

/* ----------------------------------------------------------------------- the cache */

static atomic_int loads;

/* Stands for a request to a server, which takes a millisecond. */
MAG_ASYNC(text_task, load_name, (const char *, latin), struct mag_delay_state delay;)
{
    static const char *const names[SPECIES][2] = {{"pica pica", "magpie"},
                                                  {"corvus corax", "raven"},
                                                  {"garrulus glandarius", "jay"},
                                                  {"corvus monedula", "jackdaw"}};

    MAG_BEGIN(f);
    /* relaxed: a count. */
    (void)atomic_fetch_add_explicit(&loads, 1, memory_order_relaxed);
    MAG_CONNECT_DONE(f, mag_delay, &f->delay, NULL, 1000000);
    for (int i = 0; i < SPECIES; i++) {
        if (strcmp(names[i][0], f->latin) == 0)
            return text_task_result(names[i][1]);
    }
    MAG_FAIL(f, -ENOENT);
    MAG_END(f);
}

/* Items that miss the same entry at the same time share its load. */
MAG_LAZY(lazy_name, text_task, const char *)

static struct lazy_name entries[SPECIES] = {
    MAG_LAZY_INIT(load_name, "pica pica"),
    MAG_LAZY_INIT(load_name, "corvus corax"),
    MAG_LAZY_INIT(load_name, "garrulus glandarius"),
    MAG_LAZY_INIT(load_name, "corvus monedula"),
};

static text_task name_of(const char *latin)
{
    for (int i = 0; i < SPECIES; i++) {
        if (strcmp(entries[i].arg, latin) == 0)
            return lazy_name_get(&entries[i], NULL);
    }
    return text_task_of(mag_vtask_failed(-ENOENT, 0));
}

/* -------------------------------------------------------------------- the pipeline */

/* A token. */
struct sighting {
    char line[LINE_MAX_BYTES]; /* later only the species */
    long birds;
    const char *name;
};

struct session {
    struct reader reader; /* the first stage's */
    long lines, magpies;  /* the last stage's */
    long reads_at_once;   /* the first stage's */
    atomic_long names_at_once;
};

MAG_PIPELINE(count_birds, struct sighting, struct session)

/* The result of a stage that has read a line, or could not. */
static int parse(struct sighting *sighting, int error)
{
    if (error != 0)
        return error == -ENODATA ? MAG_STAGE_END : error;
    char *comma = strchr(sighting->line, ',');
    if (comma == NULL)
        return -EBADMSG;
    *comma = 0;
    sighting->birds = strtol(comma + 1, NULL, 10);
    return 0;
}

MAG_ASYNC(mag_task, finish_read, (struct sighting *, sighting, mag_task, line),
          int error;)
{
    MAG_BEGIN(f);
    MAG_TRY_DONE(f, f->error, f->line);
    return mag_stage_task(parse(f->sighting, f->error));
    MAG_END(f);
}

static mag_task read_sighting(struct sighting *sighting, struct session *session)
{
    mag_task line = read_line(&session->reader, sighting->line);

    if (mag_vtask_status(line.task) != MAG_SUCCEEDED)
        return finish_read(sighting, line);
    session->reads_at_once++;
    return mag_stage_task(parse(sighting, 0));
}

/* The short form, for a stage that does nothing else.  An await of a complete task goes
 * on without a wait. */
MAG_ASYNC(mag_task, find_name, (struct sighting *, sighting, struct session *, session),
          text_task name;)
{
    MAG_BEGIN(f);
    f->name = name_of(f->sighting->line);
    if (mag_vtask_status(f->name.task) == MAG_SUCCEEDED) {
        /* relaxed: a count. */
        (void)atomic_fetch_add_explicit(&f->session->names_at_once, 1,
                                        memory_order_relaxed);
    }
    MAG_AWAIT(f, f->sighting->name, f->name);
    MAG_END(f);
}

static int add(struct sighting *sighting, struct session *session)
{
    session->lines++;
    if (strcmp(sighting->name, "magpie") == 0)
        session->magpies += sighting->birds;
    return 0;
}

static const struct count_birds_stage stages[] = {
    MAG_STAGE_ASYNC(read_sighting, MAG_STAGE_IN_ORDER),
    MAG_STAGE_ASYNC(find_name, MAG_STAGE_PARALLEL),
    MAG_STAGE(add, MAG_STAGE_IN_ORDER),
};

static FILE *make_log(void)
{
    FILE *file = tmpfile();

    if (file == NULL)
        return NULL;
    for (int i = 0; i < LINES; i++)
        (void)fprintf(file, "%s,%d\n", entries[i % 7 % SPECIES].arg, i % 5);
    rewind(file);
    return file;
}

/* What a serial program would find. */
static long count_magpies(void)
{
    long magpies = 0;

    for (int i = 0; i < LINES; i++)
        magpies += i % 7 % SPECIES == 0 ? i % 5 : 0;
    return magpies;
}

int main(void)
{
    static struct session session;
    int error = -EIO;

    session.reader.file = make_log();
    if (session.reader.file != NULL) {
        error = count_birds_run(NULL, stages, 3, TOKENS, &session);
        (void)fclose(session.reader.file);
    }
    if (error != 0) {
        (void)fprintf(stderr, "cached_pipeline: %s\n", mag_error_text(error));
        return 1;
    }
    /* relaxed: the pipeline has ended. */
    long names_at_once =
        atomic_load_explicit(&session.names_at_once, memory_order_relaxed);
    /* relaxed: as above. */
    int loaded = atomic_load_explicit(&loads, memory_order_relaxed);
    printf(
        "%ld lines, %ld magpies; read at once: %ld, with %d fills; names at once: %ld, "
        "with %d loads\n",
        session.lines, session.magpies, session.reads_at_once, session.reader.fills,
        names_at_once, loaded);
    return session.lines == LINES && session.magpies == count_magpies() &&
                   session.reads_at_once > LINES / 2 && names_at_once > LINES / 2 &&
                   loaded == SPECIES
               ? 0
               : 1;
}

/* NOLINTEND(readability-function-size) */
