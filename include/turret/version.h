/* The program's version. */
#ifndef TURRET_VERSION_H
#define TURRET_VERSION_H
#define TURRET_VERSION "0.1"
#endif
