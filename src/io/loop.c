/* The process's one event loop: libev's default loop, the only one that can watch child processes.
 * Made at the first call, together with what every user of it relies on: SIGPIPE is ignored. */
#include "turret/io/loop.h"

#include <assert.h>
#include <ev.h>
#include <signal.h>
#include <stddef.h>

struct ev_loop *loop_get(void) {
    static struct ev_loop *loop;
    if (!loop) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGPIPE, &ignore, NULL); /* a closed socket is an error code, never a signal */
        loop = ev_default_loop(EVFLAG_AUTO);
        assert(loop);
    }
    return loop;
}
