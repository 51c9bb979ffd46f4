/*
 * Counts the letters of words: a reader sends the words into a channel with room for
 * eight, three counters receive them and send what they have found into a second channel,
 * and main adds it up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <stdio.h>
#include <string.h>

enum { COUNTERS = 3, REPEATS = 200 };

struct word {
    const char *text;
    size_t length;
};

/* NOLINTNEXTLINE(readability-function-size): name_send_many_begin has many parameters. */
MAG_CHANNEL_DEFINE(words, struct word)
/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_CHANNEL_DEFINE(totals, size_t)

static const char text[] = "there is a time for sending and a time for receiving";

/* The next word at or behind `*at`, which moves behind it; false: there is none. */
static bool next_word(const char **at, struct word *ret_word)
{
    *at += strspn(*at, " ");
    *ret_word = (struct word){*at, strcspn(*at, " ")};
    *at += ret_word->length;
    return ret_word->length != 0;
}

MAG_ASYNC(mag_task, read_words, (struct words *, out), int i; const char *at;
          struct word word;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < REPEATS; f->i++) {
        for (f->at = text; next_word(&f->at, &f->word);)
            MAG_AWAIT_DONE(f, words_send(f->out, f->word)); /* waits for room */
    }
    words_close(f->out);
    MAG_END(f);
}

MAG_ASYNC(mag_task, count_letters, (struct words *, in, struct totals *, out),
          struct word word;
          size_t letters; int error;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->error, f->word, words_receive(f->in)); /* waits for a word */
        if (f->error != 0)
            break; /* MAG_CHANNEL_END */
        f->letters += f->word.length;
    }
    MAG_AWAIT_DONE(f, totals_send(f->out, f->letters));
    MAG_END(f);
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SUBMIT_TASK(mag_task, start_counter, struct words *, in, struct totals *, out)

static mag_task start_counter(struct words *in, struct totals *out)
{
    return count_letters(in, out);
}

static size_t count_all(struct words *words, struct totals *totals)
{
    mag_task counters[COUNTERS];
    size_t letters, sum = 0;

    for (int i = 0; i < COUNTERS; i++)
        counters[i] = start_counter_submit(NULL, words, totals);
    mag_task reader = read_words(words);
    for (int i = 0; i < COUNTERS; i++) {
        if (totals_task_wait(totals_receive(totals), &letters) == 0) /* main may block */
            sum += letters;
    }
    for (int i = 0; i < COUNTERS; i++) {
        if (mag_task_wait(counters[i]) != 0)
            return 0;
    }
    return mag_task_wait(reader) == 0 ? sum : 0;
}

int main(void)
{
    struct words *words;
    struct totals *totals;
    size_t expected = 0;

    for (const char *at = text; *at != '\0'; at++)
        expected += *at != ' ';
    if (words_create(8, &words) != 0 ||
        totals_create(MAG_CHANNEL_UNBOUNDED, &totals) != 0)
        return 1;
    size_t letters = count_all(words, totals);
    words_destroy(words);
    totals_destroy(totals);
    printf("%zu letters\n", letters);
    return letters == expected * REPEATS ? 0 : 1;
}
