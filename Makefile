PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The Kubernetes version of the test cluster, for example 1.35; empty is the newest that is pinned.
KUBERNETES ?=
# "not" leaves out of the integration tests what `make shipped` runs, for who runs that beside it.
SHIPPED ?=
# The least coverage in percent, branches included, of the code that judges.
JUDGED := 97
# What `make mutation` runs: modules (evaluate/version model/tag), all when empty; every Nth mutant.
MODULES ?=
EVERY ?= 1
# How long `make fuzz` runs.
SECONDS ?= 600
# What `make package` and `make release` make single files for (linux-amd64 …), all when empty; the address that they will be published at.
PLATFORMS ?=
RELEASE_URL ?=
# Registry and name of the image that `make release` writes into chart and install.yaml; 1 or yes: `make release` and `make image` of
# what stands here, for a trial.
IMAGE ?=
ALLOW_DIRTY ?=
export ALLOW_DIRTY
# What `make version` writes.
VERSION ?=
export PERFANA_TEST_KUBERNETES := $(KUBERNETES)
# Some tests run make themselves, as somebody does at a terminal: it is no part of this one, and says so.
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL

.DEFAULT_GOAL := help
.PHONY: help setup demo cluster binaries tools test lint format unit integration shipped test-node kind mutation bench fuzz
.PHONY: package image release version manifests policy reference site requirements clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv with the program and all that tests need; does nothing when it is up to date

$(VENV)/.ready: requirements/dev.txt pyproject.toml operator/perfana_support/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'setup: Python 3.11 or newer is needed, try: make setup PYTHON=python3.12' >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo 'setup: this Python has no venv module; on Debian: apt-get install python3-venv' >&2; exit 2; }
	@echo 'setup: installing into $(VENV), about a minute the first time'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

binaries: setup ## Find or build etcd, kube-apiserver and kubectl; minutes the first time
	@$(BIN)/python -m tests.cluster build

tools: setup ## Find or build all that the integration tests run of others; the better part of an hour on a new machine
	@$(BIN)/python -m tests.tools

demo: setup binaries ## A cluster, the operator, two installations: see their verdicts, and one flip
	@$(BIN)/python -m tests.demo

cluster: setup binaries ## An API server to play with, until Ctrl-C; prints the kubeconfig to use
	@$(BIN)/python -m tests.cluster --crds crds

test: lint unit integration ## Everything that must hold: lint, types, layering, unit tests, a real API server
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include='*/evaluate/*,*/model/*' --fail-under=$(JUDGED) > $(VENV)/judged.log || \
	  { cat $(VENV)/judged.log; echo 'test: evaluate/ and model/ need a coverage of $(JUDGED) %, branches included' >&2; exit 1; }

lint: setup ## Style, types and layering
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }

format: setup ## Put the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

unit: setup ## Tests without server, clock or network
	@$(BIN)/coverage erase
	@$(ALONE) $(BIN)/coverage run -m pytest tests/unit

integration: setup binaries ## Tests against a real API server (KUBERNETES=1.35: those that another version may fail)
	@$(ALONE) $(BIN)/coverage run -m pytest tests/integration $(if $(KUBERNETES),--server-only) $(if $(SHIPPED),--shipped=$(SHIPPED))

shipped: setup binaries ## Those of the integration tests that are about packages, image, chart, manifests and pages
	@$(ALONE) $(BIN)/pytest tests/integration --shipped=only

test-node: setup binaries ## Install on a real node of this machine, run there, fail there (root, Linux)
	@$(ALONE) $(BIN)/pytest tests/e2e

kind: setup ## The same tests in a cluster of kind, made for them and removed (needs Docker with buildx, no root)
	@$(ALONE) $(BIN)/pytest tests/e2e --kind

mutation: setup ## Which changes of the judgement would no test notice? (MODULES=evaluate/version EVERY=10)
	@$(BIN)/python -m tests.mutation --survivors --every $(EVERY) $(MODULES)

bench: setup binaries ## Measure what docs/performance.md claims, and print its tables
	@$(BIN)/python -m tests.bench

fuzz: setup ## Inputs that nobody thought of, for reader and tags (SECONDS=600)
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

package: setup ## Write wheel, single files and krew's manifest into dist/ (PLATFORMS=linux-amd64 RELEASE_URL=https://…)
	@$(BIN)/python -m tests.release $(foreach platform,$(PLATFORMS),--platform $(platform)) --release-url '$(RELEASE_URL)'

release: setup ## Write all that is published into dist/ (IMAGE=registry/name RELEASE_URL=https://…; ALLOW_DIRTY=1 for a trial)
	@$(BIN)/python -m tests.release --whole $(foreach platform,$(PLATFORMS),--platform $(platform)) \
	  --release-url '$(RELEASE_URL)' --image '$(IMAGE)'

version: setup ## Write a new version everywhere, and its section into CHANGELOG.md (VERSION=0.3.0)
	@$(BIN)/python -m tests.release.version $(VERSION)

manifests: setup ## Write install.yaml, the rules' object and the chart's copies anew from manifests/ and crds/
	@$(BIN)/python -m tests.watching write
	@$(BIN)/python -m tests.rendered_manifests

image: setup ## Make the operator's image by docker buildx, buildah or podman (docs/image.md; ALLOW_DIRTY=1 for a trial)
	@$(BIN)/python -m tests.image

policy: setup ## Write the built-in policy's JSON anew from its YAML
	@$(BIN)/python -m tests.builtin_policy

reference: setup ## Write docs/reference anew, from the program and its schemas
	@$(BIN)/python -m tests.reference

site: setup ## Build the documentation into site/; a broken link is an error
	@$(BIN)/python -m tests.pages

requirements: setup ## Pin the newest versions anew, with hashes
	@$(PYTHON) -m venv $(VENV)-pins && $(VENV)-pins/bin/pip install --quiet pip-tools
	@for name in dev single-file single-file-cluster image bench pipx gates docs; do \
	  $(VENV)-pins/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
	    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	    -o requirements/$$name.txt requirements/$$name.in || exit; \
	done
	@rm -r $(VENV)-pins

clean: ## Remove what make made in this folder; built binaries stay in their cache
	@rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutation dist site $(VENV)-docs operator/*.egg-info
