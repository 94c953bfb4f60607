/* The desk of the crash tests: engine, PostgreSQL store and a venue behind a socket, trading at random until it is killed;
 * and what the database says afterwards. */
#ifndef TESTS_SUPPORT_CRASH_CHILD_H
#define TESTS_SUPPORT_CRASH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crash_child_cfg {
    const char *conninfo, *data_dir;
    const char *crash_point; /* NULL = none */
    uint64_t seed;           /* of its random orders */
    bool settle;             /* trades no more: cancels what works, waits until all is known, exits with 0 */
};
_Noreturn void crash_child_main(const struct crash_child_cfg *cfg, int venue_fd);

struct crash_truth {
    int64_t cash; /* micro */
    int open_positions, working, fills;
    struct crash_net { char symbol[64]; int64_t net; } net[64];
    int nets;
};
void crash_truth_read(const char *conninfo, struct crash_truth *t);
int64_t crash_truth_net(const struct crash_truth *t, const char *symbol); /* signed, book units, micro; 0 if flat */
/* The store's own recomputation of every cached figure. */
bool crash_truth_consistent(const char *conninfo, char *text, size_t cap);

#endif
