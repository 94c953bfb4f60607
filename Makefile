# Turret. `make run` opens the workstation, `make check` runs all tests; each installs what is missing, then builds.
# The rest: all, bench, asan, fuzz, layers, install (PREFIX, DESTDIR), format, clean.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
ifeq ($(origin CC),default)
CC := gcc
endif

# --- packages: Debian names; build and run first, tests after ----------------------------------------
PKGS_RUN  := gcc libc6-dev make pkg-config libev-dev libncurses-dev libpq-dev libcurl4-openssl-dev libcjson-dev \
             libssl-dev zlib1g-dev libinih-dev libwslay-dev libsecp256k1-dev libmicrohttpd-dev postgresql ca-certificates
PKGS_TEST := libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-pyte python3-psycopg2 python3-aiohttp \
             python3-pycryptodome python3-ecdsa tmux mandoc \
             valgrind clang-14 libclang-rt-14-dev faketime strace procps $(if $(shell command -v npm),,nodejs npm)
have = $(if $(wildcard /usr/bin/dpkg-query),$(shell dpkg-query -W -f='$${binary:Package} $${db:Status-Status}\n' $(1) 2>/dev/null | awk '$$2=="installed"{sub(/:.*/,"",$$1); print $$1}'),$(1))
missing = $(filter-out $(call have,$(1)),$(1))
define install_missing
	@m="$(call missing,$(1))"; if [ -n "$$m" ]; then echo "installing: $$m"; \
	  $(SUDO) apt-get update -q >/dev/null && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$m >/dev/null || \
	  { echo "make: can't install: $$m (root, sudo and the package archive are needed)" >&2; exit 1; }; fi
endef

# --- flags: what a compiler does not know is left out ------------------------------------------------
try = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
HARDEN_WANT := -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
OPT    ?= -O2
ifeq ($(SANITIZE),)
FLAGS_CACHE := $(BUILD)/flags.mk
-include $(FLAGS_CACHE)
HARDEN := $(HARDEN_FOUND) -D_FORTIFY_SOURCE=3 -fPIE
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
else
HARDEN := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
LINK_HARDEN := -fsanitize=$(SANITIZE)
OPT := -O1
endif
WARN   := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror=format-security
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu17 $(OPT) $(CFLAGS) $(WARN) $(HARDEN) -fno-common -D_GNU_SOURCE -Iinclude -Isrc -I/usr/include/postgresql -MMD -MP
LIBS   := -lncursesw -lev -lpq -lcurl -lcjson -lcrypto -lz -linih -lwslay -lsecp256k1 -lmicrohttpd -lm

# --- sources ---------------------------------------------------------------------------------------
SRC    := $(sort $(shell find src -name '*.c'))
MAIN   := src/app/main.c
BENCH  := $(filter src/app/bench/%,$(SRC))
LIBSRC := $(filter-out $(MAIN) $(BENCH),$(SRC))
EMBED  := $(sort $(wildcard sql/*.sql themes/*.ini agents/*.conf agents/*.md agents/variants/*.md))
obj     = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB    := $(BUILD)/libturret.a
UNIT   := $(sort $(wildcard tests/unit/*.c tests/screen/*.c tests/sim/*.c))
UNITS  := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT))
SUPPORT := $(sort $(wildcard tests/support/*.c))
VECTORS := $(sort $(wildcard tests/vectors/*.c)) # build/vectors: files of known answers, recomputed
PROBES := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/probe/*.c))) # programs that the tests in Python run

.PHONY: all run check bench asan fuzz layers man install format clean deps-run deps-test build programs tests
.DELETE_ON_ERROR:
all: deps-run
	@$(MAKE) --no-print-directory programs
deps-run:
	$(call install_missing,$(PKGS_RUN))
deps-test:
	$(call install_missing,$(PKGS_RUN) $(PKGS_TEST))
programs: $(BUILD)/turret $(if $(BENCH),$(BUILD)/bench) $(BUILD)/vectors
tests: programs $(UNITS) $(PROBES)

$(BUILD)/flags.mk:
	@command -v $(CC) >/dev/null || exit 0; mkdir -p $(@D); for f in $(HARDEN_WANT); do echo 'int main(void){return 0;}' | $(CC) -Werror $$f -x c - -o /dev/null 2>/dev/null && printf '%s ' "$$f"; done | sed 's/^/HARDEN_FOUND := /' >$@; echo >>$@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@
$(BUILD)/obj/src/market/%.o: OPT := $(if $(SANITIZE),-O1,-O3)

# Files compiled into the binary: one assembler .incbin each and a table (turret/base/embed.h).
$(BUILD)/gen/embed.c: $(EMBED) Makefile
	@mkdir -p $(@D); { echo '#include "turret/base/embed.h"'; i=0; for f in $(EMBED); do i=$$((i+1)); \
	  echo "__asm__(\".section .rodata; embed_$$i: .incbin \\\"$$f\\\"; embed_$${i}_end: .byte 0; .previous\");"; \
	  echo "extern const char embed_$$i[], embed_$${i}_end[];"; done; \
	  echo 'const struct embed embed_table[] = {'; i=0; for f in $(EMBED); do i=$$((i+1)); echo "{\"$$f\", embed_$$i, embed_$${i}_end},"; done; echo '{0, 0, 0}};'; } >$@
$(BUILD)/obj/gen/embed.o: $(BUILD)/gen/embed.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(LIB): $(call obj,$(LIBSRC)) $(BUILD)/obj/gen/embed.o
	@rm -f $@; ar rcs $@ $^
$(BUILD)/turret: $(call obj,$(MAIN)) $(LIB)
	$(CC) $(OPT) $(LINK_HARDEN) -o $@ $^ $(LIBS)
$(BUILD)/bench: $(call obj,$(BENCH)) $(LIB)
	$(CC) $(OPT) $(LINK_HARDEN) -o $@ $^ $(LIBS)
$(BUILD)/vectors: $(call obj,$(VECTORS)) $(LIB)
	$(CC) $(OPT) $(LINK_HARDEN) -o $@ $^ $(LIBS)
$(BUILD)/obj/tests/%.o: ALL_CFLAGS += -Itests
$(BUILD)/libsupport.a: $(call obj,$(SUPPORT)) tests/support
	@rm -f $@; ar rcs $@ $(filter %.o,$^)
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/libsupport.a $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK_HARDEN) -o $@ $^ -lcmocka -lssl $(LIBS)

run: all
	@exec $(BUILD)/turret $(ARGS)
# Mock servers from npm, at the versions of the lock file, into build/npm. Without npm or its registry their tests say so and are skipped.
build/npm/.done: tests/npm/package-lock.json tests/npm/package.json
	@mkdir -p $(@D); cp tests/npm/package*.json $(@D)/; if command -v npm >/dev/null && (cd $(@D) && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >npm.log 2>&1); then touch $@; \
	  else echo "make: the mock servers from npm can't be installed (build/npm/npm.log); their tests are skipped"; fi
check: deps-test
	@$(MAKE) --no-print-directory tests build/npm/.done
	@/usr/bin/python3 tests/run.py --build $(BUILD)
layers: programs
	@/usr/bin/python3 tests/layers.py --build $(BUILD)
bench: all
	@/usr/bin/python3 tests/bench.py --build $(BUILD)
asan: deps-test
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=address,undefined tests build/npm/.done
	@/usr/bin/python3 tests/run.py --build build/asan
fuzz: deps-test
	@$(MAKE) --no-print-directory -f tests/fuzz/fuzz.mk
man: programs
	@/usr/bin/python3 man/splice.py $(BUILD)/turret man/*.[1-9]
install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/turret/themes $(DESTDIR)$(PREFIX)/share/turret/agents/variants $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(BUILD)/turret $(DESTDIR)$(PREFIX)/bin/turret
	install -m 644 themes/*.ini $(DESTDIR)$(PREFIX)/share/turret/themes/
	install -m 644 agents/*.conf agents/*.md $(DESTDIR)$(PREFIX)/share/turret/agents/
	install -m 644 agents/variants/*.md $(DESTDIR)$(PREFIX)/share/turret/agents/variants/
	for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s/; done
format:
	clang-format -i $$(git ls-files '*.c' '*.h')
clean:
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.SECONDARY:
