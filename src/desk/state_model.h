/* The desk's state of models and their runs. Included by desk/state.h. */
#ifndef TURRET_DESK_STATE_MODEL_H
#define TURRET_DESK_STATE_MODEL_H

#define DEAD_RUNS 4
struct mdl { /* a model */
    struct model m;
    run_id run;                /* alive; 0 = none */
    run_id dead[DEAD_RUNS];    /* ended here before their shell said so: what they cost still counts, once */
    int64_t started_us, deadline_us;
    uint32_t batch;
    bool stored, stuck_told;
};
struct run_batch { uint32_t id, left, ok, total; }; /* models that were started at the same beat */

#endif
