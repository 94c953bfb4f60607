/* Settings: one table of key, type, range, default, unit and help (and a row per risk limit), from which the file parser, the
 * environment, `config show`, turret.conf(5) and their tests are made. Precedence: flag > TURRET_* > file > default. */
#ifndef TURRET_APP_CONFIG_H
#define TURRET_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"
#include "turret/trade/risk.h"

enum setting_type { SET_TEXT, SET_CHOICE, SET_BOOL, SET_COUNT, SET_DURATION /* us */, SET_USD /* micro */, SET_QTY /* micro */, SET_PPM, SET_WORDS /* by comma */ };
enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENV, ORIGIN_FLAG };

struct setting {
    const char *section, *key;
    enum setting_type type;
    const char *def;
    int64_t min, max;     /* of the parsed value */
    const char *unit;     /* or the choices, "a|b|c" */
    bool live;            /* SIGHUP changes it in a running engine */
    const char *help;
};

struct config;

/* The table: rows 0 .. config_setting_count() - 1. */
int config_setting_count(void);
const struct setting *config_setting(int i);
const char *setting_type_name(enum setting_type t);
/* "TURRET_SIM_LATENCY_MIN" */
void setting_env_name(const struct setting *s, char *buf, size_t cap);

struct config *config_new(void); /* defaults */
void config_free(struct config *c);
/* Reads an INI file over what is there. ERR_CONFIG with "file:line: what (did you mean ...)" in text; c is then unchanged. */
enum err config_load(struct config *c, const char *path, char *text, size_t cap);
enum err config_env(struct config *c, char *text, size_t cap);
enum err config_set(struct config *c, const char *section, const char *key, const char *value, enum setting_origin o, char *text, size_t cap);

/* Other names of settings in the environment: those of the founding system, and short ones. */
struct config_alias { const char *env, *section, *key, *unit /* appended to the value, "ms" */; };
int config_alias_count(void);
const struct config_alias *config_alias(int i);
/* IS_SIMULATION_ENABLED and TRADING_MODE: what becomes "yes", "no" or "" (neither is set). False: they contradict each other or
 * can't be read, and what is the sentence. */
bool config_simulation_env(char *what, size_t cap);

const char *config_text(const struct config *c, const char *section, const char *key);
int64_t config_num(const struct config *c, const char *section, const char *key); /* choice: its index; bool: 0 or 1 */
void config_risk(const struct config *c, struct risk_limits *out);
/* Row i's value as text, and where it is from ("default", "environment TURRET_X", "file.conf:12", "option"). */
const char *config_value(const struct config *c, int i);
void config_origin(const struct config *c, int i, char *buf, size_t cap);

/* $XDG_CONFIG_HOME/turret or ~/.config/turret; "" without a home. */
void config_dir(char *buf, size_t cap);
/* Root: /var/lib/turret, else $XDG_DATA_HOME/turret or ~/.local/share/turret. */
void config_data_dir(char *buf, size_t cap);

#endif
