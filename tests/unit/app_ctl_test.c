/* Control socket: frames arrive whole however they are cut; oversized, hostile and slow peers cost only their own connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turret/io/ctl.h"
#include "turret/io/loop.h"

static char dir[] = "/tmp/turret-ctl-XXXXXX";
static struct { int opened, closed, frames; enum err why; uint8_t type; size_t n; char last[256]; struct ctl_conn *conn; } seen;

static void on_opened(void *ctx, struct ctl_conn *c) { (void)ctx; seen.opened++; seen.conn = c; }
static void on_frame(void *ctx, struct ctl_conn *c, uint8_t type, const uint8_t *bytes, size_t n) {
    (void)ctx;
    (void)c;
    seen.frames++;
    seen.type = type;
    seen.n = n;
    memcpy(seen.last, bytes, n < sizeof seen.last ? n : sizeof seen.last);
}
static void on_closed(void *ctx, struct ctl_conn *c, enum err why) { (void)ctx; (void)c; seen.closed++; seen.why = why; }
static const struct ctl_ops ops = {.opened = on_opened, .frame = on_frame, .closed = on_closed};

static void spin(int turns) {
    for (int i = 0; i < turns; i++) {
        ev_run(loop_get(), EVRUN_NOWAIT);
        usleep(500);
    }
}

static struct ctl_server *server_up(int *fd) {
    char text[200];
    memset(&seen, 0, sizeof seen);
    struct ctl_server *s = ctl_listen(dir, "ctl", &ops, NULL, text, sizeof text);
    assert_non_null(s);
    assert_int_equal(ctl_connect(dir, "ctl", fd), ERR_OK);
    spin(3);
    assert_int_equal(seen.opened, 1);
    return s;
}

static void socket_is_for_its_owner_only(void **state) {
    int fd;
    char path[64];
    struct stat st;
    (void)state;
    struct ctl_server *s = server_up(&fd);
    snprintf(path, sizeof path, "%s/ctl", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(fd);
    ctl_server_close(s);
    assert_int_not_equal(stat(path, &st), 0);
    assert_int_equal(ctl_connect(dir, "ctl", &fd), ERR_ENGINE_DOWN);
}

static void frame_cut_into_bytes_arrives_whole(void **state) {
    int fd;
    (void)state;
    struct ctl_server *s = server_up(&fd);
    uint8_t bytes[8 + 5] = {5, 0, 0, 0, 'R', 0, 0, 0, 'h', 'e', 'l', 'l', 'o'};
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(seen.frames, 0);
        assert_int_equal(write(fd, bytes + i, 1), 1);
        spin(1);
    }
    spin(2);
    assert_int_equal(seen.frames, 1);
    assert_int_equal(seen.type, 'R');
    assert_memory_equal(seen.last, "hello", 5);
    close(fd);
    spin(3);
    assert_int_equal(seen.closed, 1);
    ctl_server_close(s);
}

static void oversized_frame_closes_that_peer_only(void **state) {
    int fd, other;
    (void)state;
    struct ctl_server *s = server_up(&fd);
    assert_int_equal(ctl_connect(dir, "ctl", &other), ERR_OK);
    uint8_t head[8] = {0xff, 0xff, 0xff, 0x7f, 'R'};
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    spin(4);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.why, ERR_CORRUPT);
    assert_int_equal(seen.frames, 0);
    assert_int_equal(ctl_write(other, 'K', "ok", 2), ERR_OK);
    spin(3);
    assert_int_equal(seen.frames, 1);
    close(fd);
    close(other);
    ctl_server_close(s);
}

static void slow_reader_is_dropped_not_waited_for(void **state) {
    int fd, sent = 0;
    static uint8_t block[256 * 1024];
    (void)state;
    struct ctl_server *s = server_up(&fd);
    int64_t t0 = clock_mono_us();
    while (sent < 200 && ctl_send(seen.conn, 'f', block, sizeof block))
        sent++;
    assert_true(sent >= 16 && sent < 200);       /* bounded */
    assert_true(clock_mono_us() - t0 < 2000000); /* and it never blocked */
    spin(3);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.why, ERR_TIMEOUT);
    close(fd);
    ctl_server_close(s);
}

static void answer_is_read_with_a_timeout(void **state) {
    int fd;
    uint8_t type, *bytes;
    size_t n;
    (void)state;
    struct ctl_server *s = server_up(&fd);
    assert_int_equal(ctl_read(fd, 20, &type, &bytes, &n), ERR_TIMEOUT);
    assert_true(ctl_send(seen.conn, 'r', "{}", 2));
    assert_int_equal(ctl_read(fd, 500, &type, &bytes, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_string_equal((char *)bytes, "{}");
    free(bytes);
    ctl_server_close(s);
    assert_int_equal(ctl_read(fd, 500, &type, &bytes, &n), ERR_ENGINE_DOWN);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_is_for_its_owner_only), cmocka_unit_test(frame_cut_into_bytes_arrives_whole),
        cmocka_unit_test(oversized_frame_closes_that_peer_only), cmocka_unit_test(slow_reader_is_dropped_not_waited_for),
        cmocka_unit_test(answer_is_read_with_a_timeout),
    };
    if (!mkdtemp(dir))
        return 1;
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return bad;
}
