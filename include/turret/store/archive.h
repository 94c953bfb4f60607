/* The archive port: documents of the agents (prompts, invocations, tool calls) beside the trading records, on a way of its own so that
 * a long prompt never delays an order. JSON in, JSON out; each answer is one callback, never before the call returned. */
#ifndef TURRET_STORE_ARCHIVE_H
#define TURRET_STORE_ARCHIVE_H

#include <cjson/cJSON.h>

#include "turret/agent/runs.h"
#include "turret/base/err.h"

/* Tables, with their unique keys. Fields have the columns' names (sql/); 64-bit ids are strings, money and times too. */
enum archive_kind {
    ARCHIVE_PROMPT,     /* prompts: hash (sha256 hex), text, at. Inserting one that is there is fine */
    ARCHIVE_INVOCATION, /* invocations: id. model_id, account_id, started_at, ended_at, status, system_hash, prompt_hash, response, payload, tokens_in, tokens_out,
                         * tokens_cached, cost (null = unknown), latency_ms, steps, error, rerun_of */
    ARCHIVE_TOOL_CALL,  /* tool_calls: (invocation_id, step, index). type (CREATE_POSITION ...), name, arguments, result, code, at, latency_ms, order_id */
    ARCHIVE_KIND_COUNT
};

struct archive;
typedef void archive_done_fn(void *ctx, enum err e, const char *text); /* ERR_OK, ERR_DUPLICATE (key taken), ERR_STORE_DOWN, ERR_NOT_LEADER, ERR_FAILED */
typedef void archive_rows_fn(void *ctx, enum err e, const cJSON *rows /* array of objects, valid during the call */);

struct archive_ops {
    const char *name;
    /* A new document, committed before the callback. */
    void (*insert)(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx);
    /* Fields of the document with that key. */
    void (*update)(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx);
    void (*read)(struct archive *a, const struct archive_query *q, archive_rows_fn *rows, void *ctx);
    bool (*idle)(const struct archive *a);
    void (*close)(struct archive *a); /* open calls are not answered any more */
};
struct archive { const struct archive_ops *ops; };

/* In memory (tests, and runs without a database). */
struct archive *archive_mem_new(void);
/* In PostgreSQL, on a connection of its own; a write counts only while `epoch` (asked at each write) leads. */
struct archive *archive_pg_new(const char *conninfo, uint64_t (*epoch)(void *ctx), void *ctx);

#endif
