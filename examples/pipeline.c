/*
 * pipeline.c - decode, transform, encode: rows of a picture are unpacked one by one,
 * smoothed many at a time, and packed again in their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <string.h>

/* NOLINTBEGIN(readability-function-size): name_run_with has many parameters. */

enum { WIDTH = 640, HEIGHT = 2000, PACKED_MAX = 2 * WIDTH, TOKENS = 16 };

/* A token: what one row needs on its way. */
struct row {
    unsigned char pixels[WIDTH];
    unsigned char smooth[WIDTH];
    unsigned char packed[PACKED_MAX];
    size_t bytes;
};

/* What the stages share.  `in` belongs to the first one, `out` to the last. */
struct picture {
    const unsigned char *in, *in_end;
    unsigned char *out;
    size_t rows;
};

MAG_PIPELINE(convert, struct row, struct picture)

/* Packed pixels: a count and a value, again and again. */
static int decode(struct row *row, struct picture *picture)
{
    size_t done = 0;

    if (picture->in == picture->in_end)
        return MAG_STAGE_END;
    while (done < WIDTH) {
        size_t count = picture->in[0];

        if (count == 0 || count > WIDTH - done)
            return -EINVAL; /* ends the pipeline, and is its result */
        memset(row->pixels + done, picture->in[1], count);
        picture->in += 2;
        done += count;
    }
    return 0;
}

/* Each pixel becomes the average of its neighbors; many rows at a time. */
static int transform(struct row *row, struct picture *picture)
{
    (void)picture;
    for (size_t i = 0; i < WIDTH; i++) {
        size_t first = i < 4 ? 0 : i - 4;
        size_t last = i + 4 < WIDTH ? i + 4 : WIDTH - 1;
        unsigned sum = 0;

        for (size_t k = first; k <= last; k++)
            sum += row->pixels[k];
        row->smooth[i] = (unsigned char)(sum / (last - first + 1));
    }
    return 0;
}

static int pack(struct row *row, struct picture *picture)
{
    (void)picture;
    row->bytes = 0;
    for (size_t i = 0; i < WIDTH;) {
        unsigned char count = 1;

        while (i + count < WIDTH && row->smooth[i + count] == row->smooth[i] &&
               count < 255)
            count++;
        row->packed[row->bytes++] = count;
        row->packed[row->bytes++] = row->smooth[i];
        i += count;
    }
    return 0;
}

static int encode(struct row *row, struct picture *picture)
{
    memcpy(picture->out, row->packed, row->bytes);
    picture->out += row->bytes;
    picture->rows++;
    return 0;
}

static const struct convert_stage stages[] = {
    MAG_STAGE(decode, MAG_STAGE_IN_ORDER),
    MAG_STAGE(transform, MAG_STAGE_PARALLEL),
    MAG_STAGE(pack, MAG_STAGE_PARALLEL),
    MAG_STAGE(encode, MAG_STAGE_IN_ORDER),
};

/* Runs the pipeline, and prints which stage was the slowest. */
static int run_and_explain(struct picture *picture)
{
    static struct mag_pipeline_report report;
    struct convert_options options = {.common = {.report = &report}};
    char text[1000];

    int error = convert_run_with(NULL, &options, stages, 4, TOKENS, picture);
    (void)mag_pipeline_explain(&report, text, sizeof(text));
    printf("%s", text);
    return error;
}

/* A picture of bars, packed.  Returns its end. */
static unsigned char *draw(unsigned char *in)
{
    for (size_t y = 0; y < HEIGHT; y++) {
        for (size_t x = 0; x < WIDTH; x += 64) {
            *in++ = 64;
            *in++ = (unsigned char)(x + y);
        }
    }
    return in;
}

int main(void)
{
    static unsigned char in[HEIGHT * PACKED_MAX], out[HEIGHT * PACKED_MAX];
    static unsigned char again[HEIGHT * PACKED_MAX];
    const unsigned char *end = draw(in);
    struct picture picture = {in, end, out, 0};
    struct picture second = {in, end, again, 0};

    /* From any thread; NULL: the default scheduler.  16 rows at a time at most. */
    int error = convert_run(NULL, stages, 4, TOKENS, &picture);
    if (error != 0 || run_and_explain(&second) != 0)
        return 1;
    size_t bytes = (size_t)(picture.out - out);
    bool same = memcmp(out, again, bytes) == 0;
    return picture.rows == HEIGHT && picture.out - out == second.out - again && same ? 0
                                                                                     : 1;
}
/* NOLINTEND(readability-function-size) */
