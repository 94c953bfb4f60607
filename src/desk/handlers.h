/* One handler an event type (the table is in desk.c); each lives in the file of its subject. */
#ifndef TURRET_DESK_HANDLERS_H
#define TURRET_DESK_HANDLERS_H

struct desk;
struct event;

typedef void handler_fn(struct desk *d, const struct event *ev);

handler_fn on_saved, on_ack, on_done, on_reject, on_refused, on_amended;
handler_fn on_unknown, on_intent, on_cash, on_fill, on_market, on_book;
handler_fn on_prepared, on_delayed, on_finality, on_funds, on_claim, on_health;
handler_fn on_trade, on_mark, on_market_status, on_recon_begin, on_recon_order, on_recon_fill;
handler_fn on_recon_position, on_recon_cash, on_recon_end, on_boot, on_venue, on_store;
handler_fn on_leader, on_setting, on_note, on_account, on_load_order, on_load_fill;
handler_fn on_load_cash, on_load_day, on_load_market, on_equity, on_loaded, on_timer;
handler_fn on_watches, on_follow, on_follow_trade, on_link, on_history, on_remark, on_target;
handler_fn on_model, on_load_trade, on_run_end, on_candle, on_open_interest;

#endif
