/* Built-in agents: rules of our own that need no network. They see what a model sees (view, snapshot) and call the same tools, so
 * accounts, records, limits and refusals are the same. A file in src/agent/builtin/ ending in one const struct builtin. */
#ifndef TURRET_AGENT_BUILTIN_H
#define TURRET_AGENT_BUILTIN_H

#include "turret/agent/prompt.h"

struct builtin_call { char name[24]; char *arguments; }; /* arguments: JSON, malloc'd; the caller frees them */
struct builtin_decision { char reasoning[2048]; struct builtin_call calls[8]; int count; }; /* no call = holding */
struct builtin {
    const char *name, *title; /* "trend": provider = builtin, model = trend */
    /* One decision a run. `seed` is the run id: the random baseline draws from it, so that a run can be done again. */
    void (*decide)(const struct desk *view, const struct model *m, const struct run_snapshot *s, uint64_t seed, struct builtin_decision *out);
};
extern const struct builtin *const builtin_table[]; /* NULL-terminated */
const struct builtin *builtin_find(const char *name);

#endif
