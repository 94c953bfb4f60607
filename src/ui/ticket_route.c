/* The ticket's comparison of venues: what each would give for the order, what it costs with the fee, and why one can't be used. */
#include <stdio.h>
#include <string.h>

#include "ui/format.h"
#include "ui/session_state.h"
#include "ui/ticket.h"

bool ticket_linked(const struct session *s, market_id m) {
    int cursor = 0;
    for (const struct market_link *l; (l = view_next_link(s->view, &cursor));)
        if (!l->deleted && (l->a == m || l->b == m))
            return true;
    return false;
}

/* Price with the fee in it: above for a buyer, below for a seller. */
static price net_of(const struct route_option *o, bool buys) {
    int64_t each = 0;
    if (o->fillable.micro > 0)
        dec_muldiv(o->fee.micro, DEC_ONE, o->fillable.micro, ROUND_HALF_EVEN, &each);
    return PRICE(o->average.micro + (buys ? each : -each));
}

static void draw_option(struct session *s, struct canvas *c, struct rect r, const struct route *route, int i, bool buys) {
    const struct route_option *o = &route->o[i];
    const unsigned unit = FORMAT_FINE | FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    const bool taken = o->taken.micro > 0;
    const enum role role = o->code ? ROLE_MUTED : taken ? ROLE_STRONG : ROLE_TEXT;
    char px[FORMAT_MAX], fee[FORMAT_MAX], net[FORMAT_MAX], size[FORMAT_MAX];
    struct view_market vm;
    if (!view_market(s->view, o->market, &vm))
        return;
    canvas_textf(c, r.x, r.y, 8, role, taken ? CELL_BOLD : 0, "%s%s", taken ? (session_ascii(s) ? ">" : "►") : " ", venue_name((enum venue_id)vm.m->venue));
    if (o->code) {
        canvas_text(c, r.x + 9, r.y, r.w - 9, ROLE_WARN, 0, err_text((enum err)o->code));
        return;
    }
    canvas_right(c, r.x + 8, r.y, 9, role, 0, format_price(vm.m, o->average, unit, px));
    canvas_right(c, r.x + 18, r.y, 8, role, 0, format_usd(o->fee, fee));
    canvas_right(c, r.x + 27, r.y, 9, role, taken ? CELL_BOLD : 0, format_price(vm.m, net_of(o, buys), unit, net));
    canvas_right(c, r.x + 37, r.y, 9, role, 0, format_size(vm.m, taken ? o->taken : o->fillable, size));
}

int ticket_route_rows(const struct route *route) { return route->n > 1 ? route->n + 1 : 0; }

void ticket_route_draw(struct session *s, const struct route *route, bool buys, struct canvas *c, struct rect r) {
    if (!ticket_route_rows(route) || r.h < 1)
        return;
    canvas_text(c, r.x + 1, r.y, 7, ROLE_MUTED, 0, "venue");
    canvas_right(c, r.x + 8, r.y, 9, ROLE_MUTED, 0, "price");
    canvas_right(c, r.x + 18, r.y, 8, ROLE_MUTED, 0, "fee");
    canvas_right(c, r.x + 27, r.y, 9, ROLE_MUTED, 0, "net");
    canvas_right(c, r.x + 37, r.y, 9, ROLE_MUTED, 0, "fills");
    for (int i = 0; i < route->n && i + 1 < r.h; i++)
        draw_option(s, c, (struct rect){r.x, r.y + 1 + i, r.w, 1}, route, i, buys);
}
