/* Commands that need no engine: replay, tape, keys, theme, config, version. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app_impl.h"
#include "app/cli_impl.h"
#include "app/journal.h"
#include "app/out.h"
#include "turret/base/str.h"
#include "turret/desk/desk.h"
#include "turret/io/loop.h"
#include "turret/ui/keymap.h"
#include "turret/ui/theme.h"
#include "turret/version.h"
#include "venue/sim/import.h"

static int need(struct cli *c, int words, const char *usage) {
    return c->argc == words ? 0 : out_errorf(c->json, ERR_USAGE, "usage: turret %s", usage);
}

int cli_version(struct cli *c) {
    if (!c->json) {
        printf("turret %s\n", TURRET_VERSION);
        return 0;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", TURRET_VERSION);
    return out_ok_json(o);
}

/* Only the desk, no shells: its effects go nowhere, and the state is the same. */
int cli_replay(struct cli *c) {
    struct journal_reader *r;
    char text[400] = "", hash[24];
    bool cut = false;
    uint64_t events = 0;
    int code = need(c, 2, "replay FILE [--json]");
    if (code)
        return code;
    enum err e = journal_open(c->argv[1], &r, text, sizeof text);
    if (e)
        return out_error(c->json, e, text, NULL);
    struct desk *d = desk_new();
    for (const struct event *ev; (ev = journal_next(r, &cut, text, sizeof text)); events++) {
        if (ev->type == EVENT_BOOT)
            desk_clear(d);
        desk_step(d, ev);
        while (desk_effect(d))
            continue;
    }
    journal_reader_close(r);
    if (cut)
        fprintf(stderr, "turret: %s: %s\n", c->argv[1], text);
    cJSON *o = cJSON_CreateObject();
    snprintf(hash, sizeof hash, "%016" PRIx64, desk_hash(d));
    cJSON_AddStringToObject(o, "state_hash", hash);
    cJSON_AddNumberToObject(o, "events", (double)events);
    cJSON_AddBoolToObject(o, "cut", cut);
    summary_of_view(d, o);
    desk_free(d);
    if (c->json)
        return out_ok_json(o);
    out_data(stdout, o, NULL, out_width(stdout) ? out_width(stdout) : 80);
    cJSON_Delete(o);
    return 0;
}

/* --- tape --- */

static int print_report(struct cli *c, const struct import_report *rep, enum err e, const char *text) {
    struct str out;
    if (e)
        return out_error(c->json, e, text, NULL);
    str_init(&out);
    if (c->json) {
        import_report_json(rep, &out);
        cJSON *o = cJSON_ParseWithLength(out.p, out.len);
        str_free(&out);
        return out_ok_json(o);
    }
    import_report_text(rep, &out);
    fputs(out.p, stdout);
    str_free(&out);
    return 0;
}

static int tape_info_command(struct cli *c) {
    struct str out;
    char text[REASON_MAX] = "";
    str_init(&out);
    enum err e = c->json ? tape_info_json(c->argv[2], &out, text) : tape_info_print(c->argv[2], &out, text);
    int code = 0;
    if (e)
        code = out_error(c->json, e, text, NULL);
    else if (c->json)
        code = out_ok_json(cJSON_ParseWithLength(out.p, out.len));
    else
        fputs(out.p, stdout);
    str_free(&out);
    return code;
}

int cli_tape(struct cli *c) {
    const char *what = c->argc > 1 ? c->argv[1] : "", *kind = c->argc > 2 ? c->argv[2] : "", *to = c->opt[OPT_OUTPUT];
    static struct import_report rep;
    char text[REASON_MAX] = "";
    if (!strcmp(what, "info") && c->argc == 3)
        return tape_info_command(c);
    if (!strcmp(what, "record") && to && c->argc == 2)
        return cli_tape_record(c, to);
    if (!strcmp(what, "import") && !strcmp(kind, "binance") && c->argc == 4 && to)
        return print_report(c, &rep, tape_import_binance(c->argv[3], to, &rep, text), text);
    if (!strcmp(what, "import") && !strcmp(kind, "quotes") && c->argc == 5 && to)
        return print_report(c, &rep, tape_import_quotes(c->argv[3], c->argv[4], to, &rep, text), text);
    return out_error(c->json, ERR_USAGE,
                     "usage: turret tape import binance RAW.gz -o FILE | import quotes QUOTES.csv MARKETS.csv -o FILE | info FILE | record -o FILE", NULL);
}

/* --- keys and themes --- */

int cli_keys(struct cli *c) {
    char path[4200], dir[4096], text[400], bound[128];
    static const char *const groups[] = {"move", "view", "trade", "safety", "general"};
    int code = cli_config(c);
    if (code)
        return code;
    struct keymap *k = keymap_new();
    str_copy(path, sizeof path, config_text(c->config, "ui", "keys"));
    if (!path[0]) {
        config_dir(dir, sizeof dir);
        snprintf(path, sizeof path, "%.4000s/keys.conf", dir);
    }
    if (access(path, R_OK) == 0 && keymap_load(k, path, text, sizeof text)) {
        keymap_free(k);
        return out_error(c->json, ERR_CONFIG, text, NULL);
    }
    cJSON *list = cJSON_CreateArray();
    for (int a = 1; a < ACT_COUNT; a++) {
        const struct action_info *info = action_info((enum action)a);
        cJSON *o = cJSON_CreateObject();
        keymap_keys(k, (enum action)a, bound, sizeof bound);
        cJSON_AddStringToObject(o, "keys", bound);
        cJSON_AddStringToObject(o, "action", info->name);
        cJSON_AddStringToObject(o, "group", groups[info->group]);
        cJSON_AddStringToObject(o, "help", info->help);
        cJSON_AddItemToArray(list, o);
    }
    keymap_free(k);
    if (c->json)
        return out_ok_json(list);
    out_data(stdout, list, NULL, out_width(stdout));
    cJSON_Delete(list);
    return 0;
}

static int theme_list(struct cli *c) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; theme_name_at(i); i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(theme_name_at(i)));
    if (c->json)
        return out_ok_json(list);
    for (int i = 0; theme_name_at(i); i++)
        puts(theme_name_at(i));
    cJSON_Delete(list);
    return 0;
}

int cli_theme(struct cli *c) {
    struct theme t;
    char text[400] = "";
    int complaints = 0;
    if (c->argc == 2 && !strcmp(c->argv[1], "list"))
        return theme_list(c);
    if (c->argc < 2 || c->argc > 3 || strcmp(c->argv[1], "check") != 0)
        return out_error(c->json, ERR_USAGE, "usage: turret theme list | check [NAME|FILE]", NULL);
    enum err e = theme_load(c->argc == 3 ? c->argv[2] : "default", &t, text, sizeof text);
    if (e)
        return out_error(c->json, e, text, NULL);
    char *said = theme_check(&t, &complaints);
    int code = 0;
    if (c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", t.name);
        cJSON_AddNumberToObject(o, "complaints", complaints);
        cJSON_AddStringToObject(o, "text", said);
        out_ok_json(o);
    } else
        printf("%s%s: %d complaint%s\n", said, t.name, complaints, complaints == 1 ? "" : "s");
    free(said);
    return code ? code : complaints ? 1 : 0;
}

/* --- config --- */

static int config_show(struct cli *c) {
    cJSON *list = cJSON_CreateArray();
    char origin[1200], name[96];
    for (int i = 0; i < config_setting_count(); i++) {
        const struct setting *s = config_setting(i);
        cJSON *o = cJSON_CreateObject();
        snprintf(name, sizeof name, "%s.%s", s->section, s->key);
        cJSON_AddStringToObject(o, "setting", name);
        cJSON_AddStringToObject(o, "value", config_value(c->config, i));
        config_origin(c->config, i, origin, sizeof origin);
        if (c->opt[OPT_ORIGIN] || c->json)
            cJSON_AddStringToObject(o, "origin", origin);
        cJSON_AddItemToArray(list, o);
    }
    if (c->json)
        return out_ok_json(list);
    out_data(stdout, list, NULL, out_width(stdout));
    cJSON_Delete(list);
    return 0;
}

int cli_config_command(struct cli *c) {
    const char *what = c->argc > 1 ? c->argv[1] : "";
    char text[1400];
    if (!strcmp(what, "reload")) {
        cJSON *answer;
        enum err e = cli_ask_op(c->data_dir, "reload", c->opt[OPT_YES] != NULL, &answer);
        if (e)
            return cli_engine_down(c);
        int code = cli_print_answer(c, answer);
        cJSON_Delete(answer);
        return code;
    }
    if (!strcmp(what, "check") && c->argc == 3) {
        c->config = config_new();
        enum err e = config_load(c->config, c->argv[2], text, sizeof text);
        if (e)
            return out_error(c->json, e, text, NULL);
        str_copy(c->config_path, sizeof c->config_path, c->argv[2]);
    } else {
        int code = cli_config(c);
        if (code)
            return code;
    }
    if (!strcmp(what, "show") && c->argc == 2)
        return config_show(c);
    if (strcmp(what, "check") != 0)
        return out_error(c->json, ERR_USAGE, "usage: turret config check [FILE] | show [--origin] | reload", NULL);
    if (c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "file", c->config_path);
        return out_ok_json(o);
    }
    printf("%s is fine\n", c->config_path[0] ? c->config_path : "no configuration file: the defaults");
    return 0;
}
