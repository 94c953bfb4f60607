/* What exits and triggers offer the other files of the desk. Included by desk/parts.h. */
#ifndef TURRET_DESK_PARTS_EXITS_H
#define TURRET_DESK_PARTS_EXITS_H

/* --- exits.c --- */
void exits_arm(struct desk *d, struct rec *pos);
void exits_disarm(struct desk *d, struct rec *pos);
void exits_hit(struct desk *d, const struct trigger *t); /* one of a position's, by kind */
void exits_check(struct desk *d, struct mkt *m);         /* all lanes, after something other than a tick changed */
void exits_rules_seen(struct desk *d, struct rec *pos);  /* exits_rules.c: the trail's best price, before arming */
bool exits_rules_hit(struct desk *d, struct rec *pos, const struct trigger *t);
void exits_rules_arm(struct desk *d, struct rec *pos);
void exits_rung_over(struct desk *d, struct rec *pos, const struct rec *exit);
void exits_arm_at(struct desk *d, struct rec *pos, uint16_t kind, price own, bool falls);
enum trigger_price exits_source(const struct desk *d, const struct rec *pos);
void exits_flush(struct desk *d);                        /* each second: stops that the trail moved */
enum err plan_rules(const struct rec *pos, const struct exit_rules *rules, struct exit_plan *plan); /* new rules of a position */
enum err exit_rules_check(const struct market *m, int dir, const struct exit_rules *r, price entry /* or what is likely to be it; 0 unknown */);
void exits_fire(struct desk *d, struct rec *pos, enum close_trigger why, price level);
void exits_pursue(struct desk *d, struct rec *pos);
void exits_order_over(struct desk *d, struct rec *exit);
void exits_settled(struct desk *d, struct rec *pos); /* more of it may be sold now, or there is less of it */
const char *exits_unprotected(const struct desk *d, const struct rec *pos); /* why what is planned can't fire; NULL = it can, or nothing is planned */
void exits_protection(struct desk *d, struct mkt *m);
void exits_timer(struct desk *d);
bool exits_planned(const struct rec *pos);
int64_t exits_time(const struct rec *pos); /* when it closes by time; 0 = never */

/* --- triggers.c: the one index behind exits, snipers and alerts --- */
void triggers_check(struct desk *d, struct mkt *m, unsigned lanes /* bits by enum trigger_price */);
bool figure_of_lane(const struct mkt *m, enum trigger_price lane, price *out); /* book unit */
void triggers_counted(struct mkt *m);

#endif
