# make demo · make test: each complete by itself on a fresh Debian machine with Swift 6.3, git and make.

SWIFT ?= swift

# TLS=1 builds with HTTPS, over BoringSSL, which takes minutes to compile: in a folder of its own, so that neither build
# undoes the other.
ifeq ($(TLS),1)
BUILD := .build/tls
TRAITS := --traits TLS --scratch-path $(BUILD)
else
BUILD := .build
endif
LLMGEN := $(BUILD)/release/llmgen
PACKAGES := libopenblas-dev libsentencepiece-dev libpcre2-dev pkg-config

# Testable imports are off, so that tests and the command share one optimized build.
TEST := $(SWIFT) test -c release --disable-testable-imports

.PHONY: all demo test bench bench-peers setup build check kernel-check kernel-check-build kernel-check-aarch64 setup-aarch64 lint format fuzz asan leaks tsan endpoint-test clean

all: build

# The library alone, which compiles in half the time of the command with its server.
demo: setup
	@$(SWIFT) build -c release --product story $(TRAITS)
	$(BUILD)/release/story

test: setup
	$(TEST) $(TRAITS)

# One page about this machine, in under five minutes.
bench: build
	@sh Benchmarks/page.sh $(LLMGEN)

# Beside llama.cpp built for the machine, OpenVINO GenAI and vLLM, which it installs.
bench-peers: build
	sh Benchmarks/peers/install.sh .build/peers
	.build/peers/venv/bin/python Benchmarks/peers --llmgen $(LLMGEN) --save Benchmarks/results/peers

build: setup
	@$(SWIFT) build -c release --product llmgen $(TRAITS)

# No warnings, and no import of a target that is not declared. The import check looks at a finished build only.
check: export LLMGEN_WARNINGS = error
check: setup
	$(SWIFT) build -c release --build-tests $(TRAITS)
	$(SWIFT) build -c release --build-tests $(TRAITS) --explicit-target-dependency-import-check error

# The kernel checks as a plain C program: CASES of each kernel; LDFLAGS=-static for a machine without this one's libraries.
CASES ?= 700
CLANG ?= $(dir $(realpath $(shell command -v $(SWIFT))))clang
KERNEL_CHECK := $(wildcard Sources/CLLMKernels/*.c Sources/CLLMKernelHarness/*.c) Tests/KernelCheck/main.c
KERNEL_FLAGS := -std=c17 -O2 -g -Wall -Wextra -Werror -ISources/CLLMKernels/include -ISources/CLLMKernelHarness/include

kernel-check: kernel-check-build
	.build/kernel-check/kernel-check --cases $(CASES)

kernel-check-build:
	@mkdir -p .build/kernel-check
	$(CLANG) $(KERNEL_FLAGS) $(LDFLAGS) $(KERNEL_CHECK) -lm -o .build/kernel-check/kernel-check

# The same for AArch64, under qemu: with every feature it knows, then as CPUs that lack some. Plain C gives the same
# results as on this machine.
DIGEST_CASES ?= 140
AARCH64_PACKAGES := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
# Decoding stored blocks with broken scales makes NaN, whose sign differs between processors, and panels keep it.
SAME_NAN := grep -v '^pack_stored '
AARCH64_OBJECTS := $(patsubst %.c,.build/kernel-check/aarch64/%.o,$(KERNEL_CHECK))

kernel-check-aarch64: setup-aarch64
	@$(MAKE) --no-print-directory $(AARCH64_OBJECTS) kernel-check-build
	aarch64-linux-gnu-gcc -static $(AARCH64_OBJECTS) -lm -o .build/kernel-check/aarch64/kernel-check
	qemu-aarch64-static -cpu max .build/kernel-check/aarch64/kernel-check --cases $(CASES)
	qemu-aarch64-static -cpu neoverse-n1 .build/kernel-check/aarch64/kernel-check --cases $(CASES)
	qemu-aarch64-static -cpu cortex-a72 .build/kernel-check/aarch64/kernel-check --cases $(CASES)
	.build/kernel-check/kernel-check --digest --cases $(DIGEST_CASES) | $(SAME_NAN) > .build/kernel-check/digest
	qemu-aarch64-static .build/kernel-check/aarch64/kernel-check --digest --cases $(DIGEST_CASES) | $(SAME_NAN) \
	    | diff .build/kernel-check/digest -
	@cat .build/kernel-check/digest

.build/kernel-check/aarch64/%.o: %.c $(wildcard Sources/CLLMKernels/*.h Sources/CLLMKernels/include/*.h Sources/CLLMKernelHarness/*.h Sources/CLLMKernelHarness/include/*.h)
	@mkdir -p $(@D)
	$(CLANG) --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu $(KERNEL_FLAGS) -c $< -o $@

# Installs the packages named in $$missing, if any.
define INSTALL
[ -n "$$missing" ] || exit 0; \
if ! command -v apt-get >/dev/null; then \
    echo "error: no apt-get here; install these packages with your system's package manager: $$missing" >&2; exit 1; fi; \
run=; if [ "$$(id -u)" != 0 ]; then run=sudo; \
    command -v sudo >/dev/null || { echo "error: not root, and no sudo; as root run: apt-get install $$missing" >&2; exit 1; }; fi; \
echo "installing $$missing"; \
$$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null
endef

# Installs the system packages that are missing.
setup:
	@missing=; \
	if ! command -v pkg-config >/dev/null || ! pkg-config --exists openblas sentencepiece libpcre2-8; then \
	    missing='$(PACKAGES)'; fi; \
	command -v g++ >/dev/null || missing="$$missing g++"; \
	$(INSTALL)

setup-aarch64:
	@missing='$(AARCH64_PACKAGES)'; \
	if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null \
	    && [ -d /usr/aarch64-linux-gnu/include ]; then missing=; fi; \
	$(INSTALL)

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

# 100,000 damaged files of each kind, and 200,000 random schedules.
fuzz: setup
	LLMGEN_FUZZ_ITERATIONS=100000 LLMGEN_FUZZ_SCHEDULES=200000 \
	    $(TEST) $(TRAITS) --filter 'FuzzTests|HostileFileTests|SimulationTests'

# The suite with the address sanitizer in our own code, with fewer random cases, and without those that run the same code
# longest. SANITIZED is where it is built; a build that is there already keeps what is not our own. SKIPPED, with a bar
# before it, are further tests to leave out.
SANITIZED ?= .build/asan
ASAN := LLMGEN_SANITIZE=address $(TEST) $(filter-out --scratch-path $(BUILD),$(TRAITS)) --scratch-path $(SANITIZED) \
    --disable-xctest --skip 'BatchInvarianceTests|DigestTests|MixedLoadTests|encodesLongTexts$(SKIPPED)'

asan: setup
	ASAN_OPTIONS=detect_leaks=0:suppressions=$(CURDIR)/Tests/address.suppressions \
	    LLMGEN_FUZZ_ITERATIONS=500 LLMGEN_FUZZ_SCHEDULES=500 $(ASAN)

# The engine's own tests with leak detection; the test framework leaks elsewhere.
leaks: setup
	ASAN_OPTIONS=detect_leaks=1:suppressions=$(CURDIR)/Tests/address.suppressions \
	    LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.suppressions $(ASAN) --filter LLMGenTests

# The whole suite under the thread sanitizer, in all code; takes long.
tsan: setup
	$(TEST) --sanitize=thread --disable-xctest --scratch-path .build/tsan

# The endpoint: OpenAI's own client, requests made from its description, signals, limits, hostile input.
ENDPOINT_PYTHON := .build/endpoint-python

# Its build has HTTPS.
endpoint-test: $(ENDPOINT_PYTHON)/installed
	@$(MAKE) --no-print-directory build TLS=1
	LLMGEN=.build/tls/release/llmgen $(ENDPOINT_PYTHON)/bin/python -m pytest -q -p no:cacheprovider Tests/Endpoint

$(ENDPOINT_PYTHON)/installed: Tests/Endpoint/requirements.txt
	python3 -m venv $(ENDPOINT_PYTHON)
	$(ENDPOINT_PYTHON)/bin/pip install -q -r $<
	@touch $@

clean:
	rm -rf .build
