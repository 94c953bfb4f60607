/* The raw terminal: termios of our own (ncurses only knows a pipe), and a restore that a signal handler may call. */
#include "screen_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { RESTORE_MAX = 256 };

static struct {
    volatile sig_atomic_t fd; /* -1: nothing to give back */
    struct termios cooked;
    char bytes[RESTORE_MAX];
    size_t len;
} held = {.fd = -1};

static const int FATAL[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static struct sigaction before[sizeof FATAL / sizeof *FATAL];
static bool caught;

int tty_open(void) {
    static const int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = open("/dev/tty", flags);
    const char *name = fd < 0 && isatty(1) ? ttyname(1) : NULL;
    if (fd < 0 && name)
        fd = open(name, flags);
    struct termios t;
    if (fd >= 0 && tcgetattr(fd, &t) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool tty_raw(int fd) {
    struct termios t;
    if (held.fd < 0 && tcgetattr(fd, &held.cooked) != 0)
        return false;
    t = held.cooked;
    cfmakeraw(&t);
    held.fd = fd;
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

void tty_cooked(int fd) {
    if (held.fd != fd)
        return;
    tcsetattr(fd, TCSANOW, &held.cooked);
    held.fd = -1;
}

void tty_size(int fd, int *w, int *h) {
    struct winsize size;
    *w = 80;
    *h = 24;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *w = size.ws_col;
        *h = size.ws_row;
    }
}

void tty_set_restore(const char *bytes, size_t n) {
    held.len = 0;
    if (n > RESTORE_MAX)
        n = RESTORE_MAX;
    memcpy(held.bytes, bytes, n);
    held.len = n;
}

void tty_restore_now(void) {
    int fd = (int)held.fd, saved = errno;
    if (fd < 0)
        return;
    held.fd = -1;
    tcflush(fd, TCOFLUSH); /* half a frame in the line would swallow what follows */
    ssize_t ignored = write(fd, held.bytes, held.len);
    (void)ignored;
    tcsetattr(fd, TCSANOW, &held.cooked);
    errno = saved;
}

static void on_fatal(int sig) {
    tty_restore_now();
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigaction(sig, &dfl, NULL);
    raise(sig);
}

void tty_catch_fatal(bool on) {
    if (on == caught)
        return;
    caught = on;
    for (size_t i = 0; i < sizeof FATAL / sizeof *FATAL; i++) {
        struct sigaction act = {.sa_handler = on_fatal, .sa_flags = SA_NODEFER};
        if (!on)
            sigaction(FATAL[i], &before[i], NULL);
        else
            sigaction(FATAL[i], &act, &before[i]);
    }
}

void tty_write_some(int fd, const char *bytes, size_t n, int ms) {
    for (int tries = 0; n > 0 && tries < 64; tries++) {
        ssize_t w = write(fd, bytes, n);
        if (w > 0) {
            bytes += w;
            n -= (size_t)w;
            continue;
        }
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (w == 0 || errno != EAGAIN || poll(&p, 1, ms) <= 0)
            return;
    }
}
