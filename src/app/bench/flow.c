/* Loading of order-flow files; everything in them is checked, so that the timed loop need not. */
#include "flow.h"

#include "turret/base/mem.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER 40
#define OPS_MAX 100000000u

_Static_assert(sizeof(struct flow_op) == 12, "records are read as they are");

static bool read_all(gzFile f, void *p, size_t n) {
    while (n > 0) {
        int got = gzread(f, p, n > 1u << 20 ? 1u << 20 : (unsigned)n);
        if (got <= 0)
            return false;
        p = (char *)p + got;
        n -= (size_t)got;
    }
    return true;
}

static bool op_ok(struct flow_op *op, const struct flow *f, uint32_t *adds) {
    op->px = le16toh(op->px);
    op->lots = le32toh(op->lots);
    op->id = le32toh(op->id);
    if (op->type == 'A')
        return op->side <= 1 && op->lots > 0 && op->id == ++*adds && op->id <= f->n_adds;
    return op->type == 'C' && op->id > 0 && op->id <= f->n_adds;
}

static const char *load(gzFile file, struct flow *f) {
    unsigned char head[HEADER];
    uint32_t v[5], adds = 0;
    if (!read_all(file, head, sizeof head) || memcmp(head, "OFLOW001", 8) != 0)
        return "not an order-flow file";
    memcpy(v, head + 8, sizeof v);
    f->n_ops = le32toh(v[0]);
    f->n_adds = le32toh(v[1]);
    f->n_warm = le32toh(v[2]);
    f->min_px = le32toh(v[3]);
    f->max_px = le32toh(v[4]);
    if (f->n_ops > OPS_MAX || f->n_adds > f->n_ops || f->n_warm >= f->n_ops || f->min_px > f->max_px || f->max_px > UINT16_MAX)
        return "its header makes no sense";
    f->ops = xmalloc(f->n_ops * sizeof *f->ops);
    if (!read_all(file, f->ops, f->n_ops * sizeof *f->ops))
        return "it is cut off";
    for (uint32_t i = 0; i < f->n_ops; i++)
        if (!op_ok(&f->ops[i], f, &adds))
            return "a bad record";
    return NULL;
}

bool flow_load(const char *path, struct flow *out) {
    *out = (struct flow){0};
    gzFile file = gzopen(path, "rb");
    const char *what = file ? load(file, out) : "can't be opened";
    if (file)
        gzclose(file);
    if (what) {
        fprintf(stderr, "bench: %s: %s\n", path, what);
        flow_free(out);
    }
    return !what;
}

void flow_free(struct flow *f) {
    free(f->ops);
    f->ops = NULL;
}
