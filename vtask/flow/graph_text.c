/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct printer {
    mag_graph_sink sink;
    void *arg;
};

static void print_text(const struct printer *to, const char *text)
{
    to->sink(to->arg, text, strlen(text));
}

/* Between quotes, where quotes and backslashes need one before them. */
static void print_quoted(const struct printer *to, const char *text)
{
    print_text(to, "\"");
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            print_text(to, "\\");
        if (*text == '\n')
            print_text(to, "\\n");
        else
            to->sink(to->arg, text, 1);
    }
    print_text(to, "\"");
}

static void print_node(const struct printer *to, const struct mag_graph_node *node)
{
    char line[40];

    (void)snprintf(line, sizeof(line), "    n%" PRIu32 " [label=", node->number);
    print_text(to, line);
    print_quoted(to, node->name);
    print_text(to, "];\n");
}

static void print_edges(const struct printer *to, const struct mag_graph_node *node)
{
    char line[80];

    for (uint32_t i = 0; i < node->edge_count; i++) {
        const struct mag_graph_edge *edge = &node->edges[i];

        (void)snprintf(line, sizeof(line), "    n%" PRIu32 " -> n%" PRIu32, node->number,
                       edge->to->number);
        print_text(to, line);
        if (edge->is_conditional) {
            (void)snprintf(line, sizeof(line), " [label=\"%" PRIu64 "\", style=dashed]",
                           edge->result);
            print_text(to, line);
        }
        print_text(to, ";\n");
    }
}

void mag_graph_print(const struct mag_graph *graph, mag_graph_sink sink, void *arg)
{
    struct printer to = {sink, arg};

    print_text(&to, "digraph {\n");
    for (struct mag_graph_node *node = graph->nodes; node != NULL; node = node->next)
        print_node(&to, node);
    for (struct mag_graph_node *node = graph->nodes; node != NULL; node = node->next)
        print_edges(&to, node);
    print_text(&to, "}\n");
}

/* A buffer that is filled; `length` goes on counting behind its end. */
struct page {
    char *text;
    size_t size;
    size_t length;
};

static void write_on_page(void *arg, const char *text, size_t length)
{
    struct page *page = arg;
    size_t room = page->length < page->size ? page->size - page->length : 0;

    if (room != 0)
        memcpy(page->text + page->length, text, length < room ? length : room);
    page->length += length;
}

size_t mag_graph_text(const struct mag_graph *graph, char *buffer, size_t size)
{
    struct page page = {buffer, size, 0};

    mag_graph_print(graph, write_on_page, &page);
    if (size != 0)
        buffer[page.length < size ? page.length : size - 1] = 0;
    return page.length;
}
