# The commands of a person; the build itself is CMake's (see CMakePresets.json).
#   make PRESET=dev test      another preset
#   make SETUP=no build       on a system where setup.sh cannot install
#   make TESTS=lit.passes test    only the tests whose name matches
PRESET ?= release
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
TESTS ?= .
BUILD := build/$(PRESET)
PYTHON := build/venv/bin/python

.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
.PHONY: help setup configure build test test-all demo bench python format lint clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

setup: ## install Debian and Python packages (sudo where not root)
ifneq ($(SETUP),no)
	@scripts/setup.sh
endif

# Configures only where there is no build, or other flags: ninja re-runs CMake itself.
configure: setup
	@[ -f $(BUILD)/build.ninja ] && [ "$$(cat $(BUILD)/.flags 2>/dev/null)" = "$(CMAKE_FLAGS)" ] || \
	{ cmake --fresh --preset $(PRESET) $(CMAKE_FLAGS) && printf '%s' "$(CMAKE_FLAGS)" >$(BUILD)/.flags; }

build: configure ## build/release/bin/ingot, the runtime and the tests
	@cmake --build $(BUILD) -j $(JOBS)

# ctest comes last: its closing lines are the result.
test: build ## build, then every test
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -R '$(TESTS)' --no-label-summary

test-all: CMAKE_FLAGS += -DINGOT_ALL_TESTS=ON
test-all: test ## also what CI has samples of: every model's kernels for GPUs, emulated; every type of a kernel

demo: build python ## compile and run a published sentence-embedding model
	@$(PYTHON) examples/demo.py --ingot $(BUILD)/bin/ingot

bench: build python ## measure against ONNX Runtime and OpenVINO, see bench/README.md
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r bench/cpu/requirements.txt
	@$(PYTHON) bench/cpu/run.py --ingot $(BUILD)/bin/ingot

python: setup
	@[ -x $(PYTHON) ] || { echo "make: this needs the Python packages: scripts/setup.sh venv" >&2; exit 1; }

format: ## clang-format over the C++, C and CUDA sources
	@scripts/format.sh

lint: configure ## formatting, include rules, clang-tidy of what differs from main (ALL=1: of everything)
	@scripts/lint.sh $(BUILD) $(ALL)

clean: ## remove build/
	rm -rf build
