/* Answers that come from the archive: the peer gets its rows when they are there, unless it has gone meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control_impl.h"
#include "turret/base/json.h"
#include "turret/base/mem.h"
#include "turret/base/utf8.h"

struct fetch { struct peer *peer; /* NULL: gone */ int argc; char **argv; /* of a command that runs again */ };

/* Documents hold what models and providers said: nothing of it goes out unsanitised. */
static void clean(cJSON *node) {
    for (; node; node = node->next) {
        if (cJSON_IsString(node)) {
            char *text = utf8_sanitise_lines(node->valuestring, strlen(node->valuestring), 1u << 20);
            cJSON_free(node->valuestring);
            node->valuestring = text; /* both are malloc's */
        }
        clean(node->child);
    }
}

static void on_rows(void *ctx, enum err e, const cJSON *rows) {
    struct fetch *f = ctx;
    if (f->peer) {
        f->peer->fetch = NULL;
        if (e != ERR_OK)
            peer_answer_error(f->peer, e, NULL, NULL);
        else if (cJSON_GetArraySize(rows) == 0)
            peer_answer_error(f->peer, ERR_NOT_FOUND, "nothing of that is recorded", NULL);
        else {
            cJSON *copy = cJSON_Duplicate(rows, true);
            clean(copy);
            peer_answer_data(f->peer, copy, NULL, NULL);
        }
    }
    free(f);
}

void fetch_start(struct peer *p, const struct archive_query *q) {
    struct control_host *h = &p->all->host;
    if (!h->read || p->fetch) {
        peer_answer_error(p, ERR_UNSUPPORTED, p->fetch ? "one question at a time on a connection" : "there is no archive", NULL);
        return;
    }
    struct fetch *f = xcalloc(1, sizeof *f);
    f->peer = p;
    p->fetch = f;
    h->read(h->ctx, q, on_rows, f);
}

/* --- runs that are not in memory: recalled, then the command runs again and finds them --- */
static void on_recall(void *ctx, enum err e) {
    struct fetch *f = ctx;
    if (f->peer) {
        f->peer->fetch = NULL;
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            peer_answer_error(f->peer, e, NULL, NULL);
        else
            peer_run_recalled(f->peer, f->argc, f->argv);
    }
    for (int i = 0; i < f->argc; i++)
        free(f->argv[i]);
    free(f->argv);
    free(f);
}

void fetch_recall(struct peer *p, const struct archive_query *q, int argc, char **argv) {
    struct control_host *h = &p->all->host;
    if (!h->recall || p->fetch) {
        peer_answer_error(p, ERR_UNSUPPORTED, p->fetch ? "one question at a time on a connection" : "there is no archive", NULL);
        return;
    }
    struct fetch *f = xcalloc(1, sizeof *f);
    f->peer = p;
    f->argc = argc;
    f->argv = xcalloc((size_t)argc + 1, sizeof *f->argv);
    for (int i = 0; i < argc; i++)
        f->argv[i] = xstrdup(argv[i]);
    p->fetch = f;
    h->recall(h->ctx, q, on_recall, f);
}

static void on_rerun(void *ctx, enum err e, const char *text, run_id run) {
    struct fetch *f = ctx;
    if (f->peer) {
        f->peer->fetch = NULL;
        if (e != ERR_OK)
            peer_answer_error(f->peer, e, text, NULL);
        else {
            char id[24];
            cJSON *o = cJSON_CreateObject();
            snprintf(id, sizeof id, "%llu", (unsigned long long)run);
            cJSON_AddStringToObject(o, "run", id);
            peer_answer_data(f->peer, o, NULL, text);
        }
    }
    free(f);
}

void fetch_rerun(struct peer *p, run_id run) {
    struct control_host *h = &p->all->host;
    if (!h->rerun || p->fetch) {
        peer_answer_error(p, ERR_UNSUPPORTED, "there are no models here", NULL);
        return;
    }
    struct fetch *f = xcalloc(1, sizeof *f);
    f->peer = p;
    p->fetch = f;
    h->rerun(h->ctx, run, on_rerun, f);
}

void fetch_gone(struct peer *p) {
    if (p->fetch)
        p->fetch->peer = NULL;
    p->fetch = NULL;
}
