# The front door. Each target is one line that you can also call yourself; `python` below is .venv/bin/python.
# Set with = what chooses or confirms what is changed: a variable that the shell exports must not (make up ENV=staging).
ENV = local
CONFIRM =
PYTHON ?= python3
BASE ?=
TIMES ?= 10
INSTALL ?=
NODES ?= 1
DEPLOYED = staging prod
BILL =

export INSTALL
export CDKTF_DISABLE_LOGGING = true
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20
OPS = .venv/bin/python -m ops
PIP = --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup plan up down purge smoke soak rehearse prove docs-check test lint format bench clean
.PHONY: ci-pr ci-offline-plans ci-plan ci-apply ci-deploy ci-verify ci-nightly ci-drill ci-promote lock-providers lock-packages

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready node_modules/.ready ## installs what this repository needs, into .venv and node_modules

plan: setup ## what a deploy would change, by layer: make plan [ENV=local] [BASE=git revision]
	@$(OPS) plan --env $(ENV) $(if $(BASE),--base $(BASE))

up: tools setup ## checks and deploys, the cloud first where there is one: make up [ENV=local] [INSTALL=yes] [CONFIRM=local]
	@$(OPS) deploy --env $(ENV) $(if $(CONFIRM),--confirm $(CONFIRM))

down: tools setup ## switches services off; data, generated secrets and droplets stay: make down [ENV=local]
	@$(OPS) down --env $(ENV) $(if $(CONFIRM),--confirm $(CONFIRM))

purge: tools setup ## deletes data, secrets and state too, on this machine only: make purge [CONFIRM=local]
	@$(OPS) purge --env $(ENV) $(if $(CONFIRM),--confirm $(CONFIRM))

smoke: setup ## checks a running environment from outside: make smoke [ENV=local]
	@$(OPS) smoke --env $(ENV)

soak: tools setup ## purges, deploys and smoke-tests local again and again: make soak TIMES=10 CONFIRM=local
	@$(OPS) soak --env $(ENV) --times $(TIMES) $(if $(CONFIRM),--confirm $(CONFIRM))

rehearse: tools setup ## the whole platform from nothing, in a box on this machine: make rehearse [NODES=1|3|4]
	@sh ops/setup/need.sh box && .venv/bin/python -m rehearsal --nodes $(NODES)

test: setup ## all tests; the live ones where engine and providers are there
	@.venv/bin/python -m pytest

prove: setup ## the long proofs, on a local platform that make up has deployed
	@PROOFS=1 .venv/bin/python -m pytest -m proof

docs-check: tools setup ## types the commands of the documentation: make up and what follows, on the local platform
	@PROOFS=1 .venv/bin/python -m pytest tests/docs

lint: setup ## ruff and mypy; zizmor, actionlint and shellcheck for workflows and scripts
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && ops/ci/lint.sh

format: setup ## fixes what ruff can
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

bench: setup ## the benchmarks, as ratios, in about 15 minutes: name, what was measured, bar
	@$(OPS) bench

# What the jobs of .github/workflows run (docs/runbooks/ci.md); here they do the same.
ci-pr: setup lint ci-offline-plans ## what a pull request runs besides .ci/run: make ci-pr [BASE=main]
	@$(OPS) check

ci-offline-plans: setup ## the plans of a pull request without a secret: make ci-offline-plans [BASE=main]
	@ops/ci/offline_plans.sh $(or $(BASE),main) cdktf.out/plans $(DEPLOYED)

ci-plan: tools setup ## plans with cdktf, saves the plans, writes the report: make ci-plan ENV=staging
	@ops/ci/plan.sh $(ENV)

ci-apply: tools setup ## applies the plans that ci-plan saved, and no others: make ci-apply ENV=staging CONFIRM=staging
	@CONFIRM=$(CONFIRM) ops/ci/apply.sh $(ENV)

ci-deploy: tools setup ## both: make ci-deploy ENV=staging CONFIRM=staging
	@ops/ci/plan.sh $(ENV) && CONFIRM=$(CONFIRM) ops/ci/apply.sh $(ENV)

ci-verify: setup ## smoke, an empty next plan, a copy of the state: make ci-verify ENV=staging
	@ops/ci/verify.sh $(ENV)

ci-nightly: setup ## drift and the age of backups: make ci-nightly ENV=staging
	@ops/ci/nightly.sh $(ENV)

ci-drill: setup ## reads every backup back: make ci-drill ENV=staging
	@ops/ci/drill.sh $(ENV)

ci-promote: setup ## takes new images into images.lock.yaml: make ci-promote [BILL=run of the application's build]
	@ops/ci/promotion.sh "$(BILL)"

lock-providers: setup ## writes providers/ again, from Terraform's registry
	@.venv/bin/python -m ops.ci.provider_locks write

lock-packages: setup ## writes requirements.lock.txt again, from requirements.txt and PyPI
	@.venv/bin/uv pip compile requirements.txt --universal --python-version=3.11 --generate-hashes --quiet --output-file=requirements.lock.txt

clean: ## removes what setup installed and what was synthesized; state, data and images stay
	@rm -rf .venv node_modules cdktf.out .mypy_cache .ruff_cache .pytest_cache

.PHONY: tools
tools:
	@PYTHON=$(PYTHON) sh ops/setup/need.sh python node terraform engine $(if $(filter yes,$(INSTALL)),images)

.venv/.ready: requirements.lock.txt constructs/pyproject.toml
	@PYTHON=$(PYTHON) sh ops/setup/need.sh python node
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "installing Python packages into .venv" && .venv/bin/python -m pip install $(PIP) --require-hashes -r requirements.lock.txt
	@.venv/bin/python -m pip install $(PIP) --no-deps --no-build-isolation -e ./constructs
	@touch $@

# The scripts are left out: the one package that has any comes with its binaries.
node_modules/.ready: package.json package-lock.json
	@PYTHON=$(PYTHON) sh ops/setup/need.sh python node
	@echo "installing cdktf-cli into node_modules" && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >/dev/null
	@touch $@
