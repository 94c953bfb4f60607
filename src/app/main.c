/* The program: everything is in the command line's tables. */
#include "app/cli.h"

int main(int argc, char **argv) {
    return cli_main(argc, argv);
}
