/* Reservations: each working exit holds quantity of the position it closes, and all together never hold more than is
 * open. So a stop, a target, a hand and a model can race and never turn a position around. */
#include "desk/state.h"

static qty room_of(const struct rec *pos) {
    return QTY(pos->o.pos.open.micro > pos->o.pos.reserved.micro ? pos->o.pos.open.micro - pos->o.pos.reserved.micro : 0);
}

/* The simulators take a position's last fraction, real venues whole lots only. */
static qty whole_lots(const struct market *m, int64_t size) {
    int64_t out = 0;
    if (m->venue == VENUE_SIM || m->venue == VENUE_SIM2)
        return QTY(size);
    return dec_to_step(size, m->lot.micro > 0 ? m->lot.micro : 1, ROUND_DOWN, &out) ? QTY(out) : QTY(0);
}

qty position_free(const struct rec *pos) {
    const int64_t room = room_of(pos).micro - pos->provisional.micro;
    return room > 0 ? whole_lots(&pos->m->m, room) : QTY(0);
}

bool position_dust(const struct rec *pos) { return pos->o.pos.open.micro > 0 && whole_lots(&pos->m->m, pos->o.pos.open.micro).micro == 0; }

void reserve_take(struct desk *d, struct rec *exit, struct rec *pos, qty size) {
    qty room = room_of(pos);
    if (size.micro > room.micro)
        size = room;
    exit->holds.micro += size.micro;
    pos->o.pos.reserved.micro += size.micro;
    save_row(d, pos);
}

void reserve_give(struct desk *d, struct rec *exit, qty size) {
    struct rec *pos = rec_find(d, exit->o.parent);
    if (size.micro > exit->holds.micro)
        size = exit->holds;
    if (size.micro == 0)
        return;
    exit->holds.micro -= size.micro;
    if (pos == NULL)
        return;
    pos->o.pos.reserved.micro -= size.micro;
    save_row(d, pos);
}

/* After the position shrank by something that held no reservation: the youngest exits give way. */
void reserve_trim(struct desk *d, struct rec *pos) {
    for (struct rec *r = d->open_last; r != NULL && pos->o.pos.reserved.micro > pos->o.pos.open.micro; r = r->open_prev) {
        if (r->o.parent != pos->o.id || r->holds.micro == 0)
            continue;
        int64_t over = pos->o.pos.reserved.micro - pos->o.pos.open.micro;
        reserve_give(d, r, QTY(over < r->holds.micro ? over : r->holds.micro));
        if (r->holds.micro == 0)
            order_cancel(d, r, 0, 0);
    }
}
