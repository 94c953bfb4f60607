/* The forked raw server: one child a connection, a count of requests in shared memory. */
#include "raw_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_loopback(int *port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 256) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0;
    assert(ok);
    *port = ntohs(a.sin_port);
    return fd;
}

int raw_server_closed_port(void) {
    int port;
    close(listen_loopback(&port));
    return port;
}

/* Reads one request; false when the other side is gone. */
static bool read_request(int fd) {
    char buf[65536];
    size_t have = 0;
    for (;;) {
        ssize_t n = read(fd, buf + have, sizeof buf - 1 - have);
        if (n <= 0)
            return false;
        have += (size_t)n;
        buf[have] = '\0';
        const char *end = strstr(buf, "\r\n\r\n"), *length = strcasestr(buf, "content-length:");
        size_t body = length ? (size_t)strtoul(length + 15, NULL, 10) : 0;
        if (end && have >= (size_t)(end + 4 - buf) + body)
            return true;
    }
}

static void answer(int fd, const struct raw_script *s) {
    size_t len = s->bytes ? (s->len ? s->len : strlen(s->bytes)) : 0, left = s->cut ? s->cut : SIZE_MAX;
    if (s->wait_ms)
        usleep((useconds_t)s->wait_ms * 1000);
    for (size_t r = 0; r <= s->repeat && len > 0; r++)
        for (size_t at = 0; at < len && left > 0;) {
            size_t n = s->piece_ms ? 1 : len - at;
            n = n > left ? left : n;
            ssize_t done = send(fd, s->bytes + at, n, MSG_NOSIGNAL);
            if (done <= 0)
                return;
            at += (size_t)done;
            left -= (size_t)done;
            if (s->piece_ms)
                usleep((useconds_t)s->piece_ms * 1000);
        }
}

static void serve(int fd, const struct raw_script *s, int *count) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (read_request(fd)) {
        __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
        answer(fd, s);
        if (s->end == RAW_HANG)
            pause();
        if (s->end != RAW_AGAIN)
            break;
    }
    if (s->end == RAW_RESET) {
        struct linger l = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    close(fd);
    _exit(0);
}

struct raw_server raw_server_start(const struct raw_script *scripts, int n) {
    struct raw_server s = {.count_fd = memfd_create("count", 0)};
    int fd = listen_loopback(&s.port), sized = ftruncate(s.count_fd, 4096);
    assert(s.count_fd >= 0 && sized == 0);
    s.pid = fork();
    assert(s.pid >= 0);
    if (s.pid)
        return close(fd), s;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s.count_fd, 0);
    for (int i = 0;; i++) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            _exit(0);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(fd);
            serve(c, &scripts[i < n ? i : n - 1], count);
        }
        close(c);
    }
}

int raw_server_requests(const struct raw_server *s) {
    int n = -1;
    ssize_t got = pread(s->count_fd, &n, sizeof n, 0);
    return got == sizeof n ? n : -1;
}

void raw_server_stop(struct raw_server *s) {
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    close(s->count_fd);
    *s = (struct raw_server){0};
}
