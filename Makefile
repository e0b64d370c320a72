# make demo · make test: each complete by itself on a fresh Debian machine with Swift 6.3, git and make.

SWIFT ?= swift
LLMGEN := .build/release/llmgen
PACKAGES := libopenblas-dev libsentencepiece-dev libpcre2-dev pkg-config

# Testable imports are off, so that tests and the command share one optimized build.
TEST := $(SWIFT) test -c release --disable-testable-imports

.PHONY: all demo test setup build check lint format fuzz asan leaks tsan clean

all: build

demo: build
	$(LLMGEN) generate 'Once upon a time' --max-tokens 200 --seed 8

test: setup
	$(TEST)

build: setup
	@$(SWIFT) build -c release

# No warnings, and no import of a target that is not declared. The import check looks at a finished build only.
CHECK := $(SWIFT) build -c release --build-tests -Xswiftc -warnings-as-errors --scratch-path .build/check

check: setup
	$(CHECK)
	$(CHECK) --explicit-target-dependency-import-check error

# Installs the system packages that are missing.
setup:
	@missing=; \
	if ! command -v pkg-config >/dev/null || ! pkg-config --exists openblas sentencepiece libpcre2-8; then \
	    missing='$(PACKAGES)'; fi; \
	command -v g++ >/dev/null || missing="$$missing g++"; \
	[ -n "$$missing" ] || exit 0; \
	if ! command -v apt-get >/dev/null; then \
	    echo "error: no apt-get here; install these packages with your system's package manager: $$missing" >&2; exit 1; fi; \
	run=; if [ "$$(id -u)" != 0 ]; then run=sudo; \
	    command -v sudo >/dev/null || { echo "error: not root, and no sudo; as root run: apt-get install $$missing" >&2; exit 1; }; fi; \
	echo "installing $$missing"; \
	$$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

# 100,000 damaged weight files, besides the tokenizer's share.
fuzz: setup
	LLMGEN_FUZZ_ITERATIONS=100000 $(TEST) --filter 'FuzzTests|HostileFileTests'

# The whole suite under the address sanitizer.
ASAN := $(TEST) --sanitize=address --disable-xctest --scratch-path .build/asan

asan: setup
	ASAN_OPTIONS=detect_leaks=0 $(ASAN)

# The engine's own tests with leak detection; the test framework leaks elsewhere.
leaks: setup
	ASAN_OPTIONS=detect_leaks=1 $(ASAN) --filter LLMGenTests

# The whole suite under the thread sanitizer; takes long.
tsan: setup
	$(TEST) --sanitize=thread --disable-xctest --scratch-path .build/tsan

clean:
	rm -rf .build
