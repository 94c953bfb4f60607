/* Events from outside: a record that event_valid takes does the desk no harm. The input is a list of records: type,
 * a length, and bytes laid over a zeroed record, so that most of a record stays sane. */
#include "fuzz.h"

#include "turret/desk/desk.h"

#define LEVELS 8
#define HEAD offsetof(struct event, u)

union record {
    struct event ev;
    uint8_t bytes[sizeof(struct event) + LEVELS * sizeof(struct level)];
};

static void step(struct desk *d, const struct event *ev) {
    desk_step(d, ev);
    while (desk_effect(d))
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static union record r;
    int64_t now = 1;
    struct desk *d = desk_new();
    event_init(&r.ev, EVENT_BOOT, VENUE_SIM, now);
    r.ev.u.boot.nonce = 1;
    step(d, &r.ev);
    for (size_t at = 0; at + 4 <= len;) {
        enum event_type type = (enum event_type)(data[at] % EVENT_TYPE_COUNT);
        size_t skip = data[at + 1], n = data[at + 2], levels = data[at + 3] % LEVELS;
        at += 4;
        n = n < len - at ? n : len - at;
        memset(&r, 0, sizeof r);
        event_init(&r.ev, type, VENUE_SIM, ++now);
        if (type == EVENT_BOOK)
            r.ev.size += (uint32_t)(levels * sizeof(struct level));
        size_t room = r.ev.size - HEAD;
        skip = skip * 8 % room;
        memcpy(r.bytes + HEAD + skip, data + at, n < room - skip ? n : room - skip);
        at += n;
        if (type != EVENT_BOOT && event_valid(&r.ev, sizeof r))
            step(d, &r.ev);
    }
    desk_hash(d);
    desk_free(d);
    return 0;
}
