/* What the files about models offer the others of the desk. Included by desk/state.h. */
#ifndef TURRET_DESK_PARTS_MODEL_H
#define TURRET_DESK_PARTS_MODEL_H

/* --- models.c: records, and what a person wants of them --- */
struct mdl *mdl_find(const struct desk *d, model_id id);
struct mdl *mdl_of_account(const struct desk *d, account_id a);
void mdl_save(struct desk *d, struct mdl *m);
void intent_model(struct desk *d, const struct intent *in); /* pause, resume, run */
uint64_t hash_models(const struct desk *d, uint64_t h);

/* --- schedule.c: the lives of runs --- */
void schedule_timer(struct desk *d);
bool run_start(struct desk *d, struct mdl *m, uint32_t batch);
void run_stop(struct desk *d, struct mdl *m, enum run_status why, const char *text);
uint32_t run_batch_new(struct desk *d);
bool run_alive(const struct desk *d, run_id run, account_id a);

/* --- agent.c: what models may --- */
enum err agent_may(const struct desk *d, const struct intent *in);
enum err agent_tightens(const struct desk *d, const struct rec *pos, const struct intent *in);
void agent_facts(const struct desk *d, const struct draft *x, struct risk_facts *f);
enum err plan_of_intent(const struct desk *d, const struct market *m, const struct intent *in, struct exit_plan *plan);

/* --- performance.c: metrics and the event stream --- */
void performance_risk(struct rec *pos);
void performance_closed(struct desk *d, struct rec *pos);
void performance_settled(struct desk *d, struct rec *pos);
void performance_now(struct desk *d); /* each second */
void performance_equity(struct acct *a, int64_t at_us, usd equity);
void feed_note(struct desk *d, account_id a, enum feed_kind k);
void feed_end(struct desk *d);
struct fx_feed *feed_put(struct desk *d, enum feed_kind k, account_id a);

#endif
