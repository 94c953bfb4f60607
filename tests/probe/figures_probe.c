/* Reads candles or trades from standard input and prints what market/intel and trade/metrics make of them, for a comparison with an
 * implementation of its own (tests/e2e/test_figures.py).
 *   figures_probe indicators INTERVAL_S    lines: start_us open high low close volume    -> one line a candle: KEY=VALUE ...
 *   figures_probe metrics                  lines: trade pnl fees notional risk entry opened_us closed_us confidence side resolved | equity at_us value */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/market/intel.h"
#include "turret/trade/metrics.h"

static int indicators(int interval_s) {
    struct intel *x = intel_new();
    const enum intel_frame frame = interval_s == frame_interval_s[FRAME_SLOW] ? FRAME_SLOW : FRAME_FAST;
    int64_t start, o, h, l, c, v;
    while (scanf("%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &start, &o, &h, &l, &c, &v) == 6) {
        /* as ticks: open, the extremes, close */
        intel_add(x, start, PRICE(o), QTY(v / 4));
        intel_add(x, start + 1000000, PRICE(h), QTY(v / 4));
        intel_add(x, start + 2000000, PRICE(l), QTY(v / 4));
        intel_add(x, start + 3000000, PRICE(c), QTY(v - v / 4 * 3));
        for (int i = 0; i < IND_COUNT; i++)
            printf("%s=%.17g ", indicator_info((enum indicator)i)->key, frame_value(intel_frame(x, frame), (enum indicator)i, 0));
        printf("back=%.17g\n", frame_value(intel_frame(x, frame), IND_EMA20, 3));
    }
    intel_free(x);
    return 0;
}

static int metrics(void) {
    struct metrics *m = metrics_new();
    char word[16];
    while (scanf("%15s", word) == 1) {
        if (strcmp(word, "trade") == 0) {
            struct trade_stat t = {.order = 1};
            int64_t confidence, side, resolved;
            if (scanf("%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &t.pnl.micro, &t.fees.micro, &t.notional.micro, &t.risk.micro,
                      &t.entry.micro, &t.opened_us, &t.closed_us, &confidence, &side, &resolved) != 10)
                return 1;
            t.confidence = (int16_t)confidence;
            t.side = (uint8_t)side;
            t.resolved = (uint8_t)resolved;
            metrics_trade(m, &t);
        } else {
            int64_t at, value;
            if (scanf("%" SCNd64 " %" SCNd64, &at, &value) != 2)
                return 1;
            metrics_equity(m, at, USD(value));
        }
    }
    for (int k = 0; k < METRIC_COUNT; k++)
        printf("%s=%.17g\n", metric_info((enum metric)k)->key, metrics_value(m, (enum metric)k));
    metrics_free(m);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "indicators") == 0)
        return indicators(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "metrics") == 0)
        return metrics();
    return 2;
}
