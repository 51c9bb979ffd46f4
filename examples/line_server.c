/*
 * line_server.c - a TCP server on epoll that computes on Magpie's workers.
 *
 * One thread runs the event loop: it accepts, reads lines and writes answers.  Each line
 * is a number n, and its answer is fib(n), computed on a worker.  While a line of a
 * connection is being computed the server reads no more of that connection: a client that
 * sends faster than it is answered fills its own buffers, not the server's.
 *
 * Some clients in threads of their own send lines and check the answers; then the server
 * ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE /* accept4; NOLINT: the system asks for this name */

#include <arpa/inet.h>
#include <errno.h>
#include <magpie/event_loop.h>
#include <magpie/submit.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4, LINES = 200, LINE = 64, EVENTS = 16 };

static long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* ------------------------------------------------------------------- the server */

struct server {
    int epoll, listener, wake;
    struct mag_event_loop loop; /* jobs for the server's thread */
    int open, closed;           /* connections */
};

struct connection {
    struct mag_job answered; /* first, so that a pointer to it is also one to this */
    struct server *server;
    int fd;
    size_t length; /* of what was read and not taken */
    char buffer[LINE];
    int number; /* being computed */
    long answer;
};

static void take_line(struct connection *connection);

static void watch(struct connection *connection, int change, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (epoll_ctl(connection->server->epoll, change, connection->fd, &event) != 0)
        perror("line_server: epoll_ctl");
}

static void hang_up(struct connection *connection)
{
    connection->server->closed++;
    (void)close(connection->fd);
    free(connection);
}

/* On the server's thread again: answers, and goes on with the next line. */
static void answer(struct mag_job *job)
{
    struct connection *connection = (struct connection *)job;

    /* A real server would queue what the socket does not take. */
    if (dprintf(connection->fd, "%ld\n", connection->answer) < 0)
        hang_up(connection);
    else
        take_line(connection);
}

/* On a worker. */
static void compute(void *arg)
{
    struct connection *connection = arg;

    connection->answer = fib(connection->number);
    connection->answered.run = answer;
    /* The server's thread closes its loop last. */
    if (mag_event_loop_post(&connection->server->loop, &connection->answered) != 0)
        (void)fputs("line_server: the loop is closed\n", stderr);
}

/* Has the next line computed, or reads on if there is no whole line. */
static void take_line(struct connection *connection)
{
    char *end = memchr(connection->buffer, '\n', connection->length);

    if (end == NULL) {
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        return;
    }
    connection->number = atoi(connection->buffer); /* NOLINT(cert-err34-c) */
    connection->length -= (size_t)(end + 1 - connection->buffer);
    memmove(connection->buffer, end + 1, connection->length);
    watch(connection, EPOLL_CTL_MOD, 0);
    if (mag_submit(NULL, compute, connection) != 0)
        hang_up(connection);
}

static void read_some(struct connection *connection)
{
    size_t room = LINE - connection->length;
    ssize_t got = read(connection->fd, connection->buffer + connection->length, room);

    /* The end, an error, or a line that is too long. */
    if (got <= 0) {
        hang_up(connection);
        return;
    }
    connection->length += (size_t)got;
    take_line(connection);
}

static void accept_one(struct server *server)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0 || connection == NULL) {
        free(connection);
        return;
    }
    connection->server = server;
    connection->fd = fd;
    server->open++;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    /* From here on epoll has the connection. */
} /* NOLINT(clang-analyzer-unix.Malloc) */

static void handle(struct server *server, const struct epoll_event *event)
{
    uint64_t count;

    if (event->data.ptr == &server->listener)
        accept_one(server);
    else if (event->data.ptr == &server->wake)
        (void)!read(server->wake, &count, sizeof(count));
    else
        read_some(event->data.ptr);
}

/* Until all clients have come and gone. */
static void serve(struct server *server)
{
    struct epoll_event events[EVENTS];

    while (server->closed < CLIENTS) {
        int count = epoll_wait(server->epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++)
            handle(server, &events[i]);
        (void)mag_event_loop_run(&server->loop);
    }
    mag_event_loop_close(&server->loop, NULL, NULL);
}

static void wake(void *arg)
{
    const struct server *server = arg;
    const uint64_t one = 1;

    (void)!write(server->wake, &one, sizeof(one));
}

static int listen_on(struct server *server, struct sockaddr_in *ret_address)
{
    socklen_t size = sizeof(*ret_address);
    struct epoll_event listener = {.events = EPOLLIN, .data.ptr = &server->listener};
    struct epoll_event woken = {.events = EPOLLIN, .data.ptr = &server->wake};

    *ret_address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->wake = eventfd(0, EFD_CLOEXEC);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(server->listener, (struct sockaddr *)ret_address, size) != 0 ||
        getsockname(server->listener, (struct sockaddr *)ret_address, &size) != 0 ||
        listen(server->listener, CLIENTS) != 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &listener) != 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->wake, &woken) != 0)
        return -errno;
    mag_event_loop_init(&server->loop, wake, server);
    return 0;
}

/* ------------------------------------------------------------------- the clients */

struct client {
    pthread_t thread;
    struct sockaddr_in address;
    int right;
};

static void *ask(void *arg)
{
    struct client *client = arg;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *lines = fdopen(fd, "r+");
    long answer;

    if (lines != NULL &&
        connect(fd, (struct sockaddr *)&client->address, sizeof(client->address)) == 0) {
        for (int i = 0; i < LINES; i++)
            (void)dprintf(fd, "%d\n", i % 20);
        /* NOLINTNEXTLINE(cert-err34-c) */
        for (int i = 0; i < LINES && fscanf(lines, "%ld", &answer) == 1; i++)
            client->right += answer == fib(i % 20);
    }
    if (lines != NULL)
        (void)fclose(lines);
    return NULL;
}

int main(void)
{
    static struct server server;
    static struct client clients[CLIENTS];
    struct sockaddr_in address;
    int right = 0;
    int error = listen_on(&server, &address);

    if (error != 0) {
        (void)fprintf(stderr, "line_server: %s\n", mag_error_text(error));
        return 1;
    }
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].address = address;
        if (pthread_create(&clients[i].thread, NULL, ask, &clients[i]) != 0)
            return 1;
    }
    serve(&server);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        right += clients[i].right;
    }
    printf("%d connections, %d of %d answers are right\n", server.open, right,
           CLIENTS * LINES);
    return right == CLIENTS * LINES ? 0 : 1;
}
