# make fuzz: builds the library and every target with clang's libFuzzer, ASan and UBSan, and runs each for FUZZ_SECONDS.
# New inputs collect in build/fuzz/corpus; what fails is kept as build/fuzz/crash-* (run the target on it to see why).
FUZZ_SECONDS ?= 20
CLANG   ?= clang-14
BUILD   := build/fuzz
FLAGS   := -std=gnu17 -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -Itests/fuzz -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LIBS    := -lncursesw -lev -lpq -lcurl -lcjson -lcrypto -lz -linih -lwslay -lsecp256k1 -lmicrohttpd -lm
TARGETS := $(sort $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
ONLY    ?= $(TARGETS)

.PHONY: all library $(addprefix run-,$(TARGETS))
all: $(addprefix run-,$(ONLY))
	@echo "fuzz: $(words $(ONLY)) targets, $(FUZZ_SECONDS) s each, nothing found"

library:
	@$(MAKE) --no-print-directory -s CC=$(CLANG) BUILD=$(BUILD) SANITIZE=fuzzer-no-link,address,undefined $(BUILD)/libturret.a

$(addprefix $(BUILD)/,$(TARGETS)): $(BUILD)/%: tests/fuzz/%.c tests/fuzz/fuzz.h library
	@$(CLANG) $(FLAGS) $< $(BUILD)/libturret.a -o $@ $(LIBS)

$(addprefix run-,$(TARGETS)): run-%: $(BUILD)/%
	@mkdir -p $(BUILD)/corpus/$* tests/fuzz/corpus/$*
	@echo "fuzz $*"; ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 $< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
	  -artifact_prefix=$(BUILD)/crash-$*- -verbosity=0 -print_final_stats=0 $(BUILD)/corpus/$* tests/fuzz/corpus/$* >$(BUILD)/$*.log 2>&1 || { tail -n 60 $(BUILD)/$*.log; exit 1; }
.NOTPARALLEL:
.SECONDARY:
