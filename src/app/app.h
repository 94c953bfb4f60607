/* The engine's process: start-up and shutdown as one table of stages, undone in reverse. */
#ifndef TURRET_APP_APP_H
#define TURRET_APP_APP_H

#include "turret/app/config.h"

struct app_cfg {
    struct config *config;
    const char *config_path;  /* the file it was read from; "" = none */
    const char *data_dir;
    const char *journal, *crash_point;
    const char *db;           /* resolved: "" private, "memory", or a connection string */
    bool headless, plain, json, until_end, background;
    bool virtual_time;
    int64_t pace_milli;       /* thousandths; 0 = as fast as it goes */
    int64_t run_us;
};

/* Runs until told to stop; the exit code. */
int app_run(const struct app_cfg *cfg);
/* Creates the data directory (0700). False with a sentence. */
bool data_dir_make(const char *dir, char *text, size_t cap);
/* The lock of a data directory: descriptor, or -1 when an engine holds it (its pid in *pid) or on errors (text). */
int data_dir_lock(const char *dir, int *pid, char *text, size_t cap);

#endif
