/*
 * jpeg.c - makes pictures for the test of examples/mthumb, and looks at them.
 *
 *     jpeg make WIDTH HEIGHT FILE   red from left to right, green from top to bottom
 *     jpeg show FILE                prints the size, and the pixels of the four corners
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mthumb/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *why)
{
    (void)fprintf(stderr, "jpeg: %s\n", why);
    return 1;
}

static int make(unsigned width, unsigned height, const char *path)
{
    struct picture picture = {.width = width, .height = height};
    char text[PICTURE_TEXT] = "";
    unsigned char *jpeg = NULL;
    size_t size = 0;
    FILE *out;
    int written;

    picture.pixels = malloc((size_t)width * height * COLORS);
    if (picture.pixels == NULL)
        return fail(path);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        picture.pixels[i * COLORS] = (unsigned char)(i % width * 255 / width);
        picture.pixels[i * COLORS + 1] = (unsigned char)(i / width * 255 / height);
        picture.pixels[i * COLORS + 2] = 0;
    }
    if (picture_encode(&picture, &jpeg, &size, text) != PICTURE_OK) {
        picture_free(&picture);
        return fail(text);
    }
    picture_free(&picture);
    out = fopen(path, "wb");
    written = out != NULL && fwrite(jpeg, 1, size, out) == size;
    free(jpeg);
    return out != NULL && fclose(out) == 0 && written ? 0 : fail(path);
}

static int show(const char *path)
{
    static unsigned char file[1 << 22];
    struct picture picture = {0};
    char text[PICTURE_TEXT] = "";
    FILE *in = fopen(path, "rb");
    size_t size = in != NULL ? fread(file, 1, sizeof(file), in) : 0;

    if (in == NULL)
        return fail(path);
    (void)fclose(in);
    if (picture_decode(&picture, file, size, 1U << 20, text) != PICTURE_OK)
        return fail(text);

    size_t last = (size_t)picture.width * picture.height - 1;
    const size_t corners[] = {0, picture.width - 1, last - picture.width + 1, last};

    printf("%u %u", picture.width, picture.height);
    for (size_t i = 0; i < sizeof(corners) / sizeof(corners[0]); i++)
        printf(" %u %u", picture.pixels[corners[i] * COLORS],
               picture.pixels[corners[i] * COLORS + 1]);
    puts("");
    picture_free(&picture);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "make") == 0)
        return make((unsigned)strtoul(argv[2], NULL, 10),
                    (unsigned)strtoul(argv[3], NULL, 10), argv[4]);
    if (argc == 3 && strcmp(argv[1], "show") == 0)
        return show(argv[2]);
    return fail("called as jpeg make WIDTH HEIGHT FILE, or jpeg show FILE");
}
