/*
 * sequence.c - the records of a file, one after the other: read when they are asked for,
 * and the file is closed when the reader has seen enough.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
    int key;
    char text[24];
};

MAG_SEQUENCE_DEFINE(records, struct record)

static int files_open;

/* A line is a number and a text.  False: it is none. */
static bool parse(const char *line, struct record *ret_record)
{
    char *text;

    ret_record->key = (int)strtol(line, &text, 10);
    if (text == line || *text != ' ')
        return false;
    (void)snprintf(ret_record->text, sizeof(ret_record->text), "%.*s",
                   (int)strcspn(text + 1, "\n"), text + 1);
    return true;
}

MAG_SEQUENCE_WITH_CLEANUP(records, read_records, (FILE *, file), struct record record;
                          char line[64]; mag_vtask delay;)
{
    MAG_BEGIN(f);
    files_open++;
    while (fgets(f->line, sizeof(f->line), f->file) != NULL) {
        if (f->line[0] == '\n' && mag_delay(NULL, 1000000, &f->delay) == 0)
            MAG_AWAIT_DONE(f, mag_task_of(f->delay)); /* stands for a slow disk */
        if (parse(f->line, &f->record))
            MAG_YIELD(f, f->record);
    }
    MAG_END(f);
}

/* Runs once, when the file or the interest in it has ended. */
static void read_records_cleanup(struct read_records_frame *f)
{
    (void)fclose(f->file);
    files_open--;
}

/* The first record with this key; -ENOENT: there is none. */
MAG_ASYNC(mag_task, find, (struct records *, from, int, key, struct record *, ret_record),
          struct record record;
          int error;)
{
    MAG_BEGIN(f);
    do {
        MAG_TRY(f, f->error, f->record, records_next(f->from));
    } while (f->error == 0 && f->record.key != f->key);
    records_end(f->from);
    if (f->error != 0)
        MAG_FAIL(f, f->error == MAG_SEQUENCE_END ? -ENOENT : f->error);
    *f->ret_record = f->record;
    MAG_END(f);
}

static FILE *make_file(void)
{
    FILE *file = tmpfile();

    if (file != NULL) {
        (void)fputs("1 one\n2 two\n\n3 three\nnothing\n4 four\n", file);
        rewind(file);
    }
    return file;
}

int main(void)
{
    struct record three = {0, ""}, nine = {0, ""};
    FILE *first = make_file();
    FILE *second = make_file();

    if (first == NULL || second == NULL)
        return 1;
    int found = mag_task_wait(find(read_records(first), 3, &three));
    int missing = mag_task_wait(find(read_records(second), 9, &nine));
    printf("3: %s; 9: %s; open files: %d\n", three.text, mag_error_text(missing),
           files_open);
    return found == 0 && missing == -ENOENT && strcmp(three.text, "three") == 0 &&
                   files_open == 0
               ? 0
               : 1;
}
