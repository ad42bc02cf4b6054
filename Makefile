# make demo    the whole hub on this machine: history, signed webhooks, digests
# make test    style, types and tests; what CI runs
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-dynalite check golden bench year load soak package lock clean audit sbom sbom-images deploy versions image runbook lint-infra

help:
	@echo "make demo            history, signed webhooks and digests of an invented company"
	@echo "make demo INPUT=FILE the same with your own messages (JSONL or CSV)"
	@echo "make serve           leave the local hub running"
	@echo "make test            style, types and tests"
	@echo "make test-dynalite   the storage tests on a second DynamoDB (needs npm)"
	@echo "make check           style and types alone, in seconds"
	@echo "make golden          write the golden digests anew, to be read before committing"
	@echo "make bench           benchmarks, each beside its floor"
	@echo "make year            a year of the invented company: each claim beside what was planted"
	@echo "make load            several processes send; then exactly what was sent must be there"
	@echo "make soak            a month with duplicates, outages, kills and wrong clocks; then a recount"
	@echo "make audit           advisories of every pinned version (asks PyPI)"
	@echo "make sbom            build/sbom.json: what is deployed, as CycloneDX"
	@echo "make sbom-images     build/sbom-images.json: what the encoder's and speech's images have besides"
	@echo "make package         the deployable template, its lint and its size"
	@echo "make deploy STAGE=prod  package, show what changes, change it (PLAN=1 VERSION= PROFILE=)"
	@echo "make versions STAGE=prod  what can be rolled back to"
	@echo "make image STAGE=prod TAG=  build and push the model's container"
	@echo "make lint-infra      cfn-lint and checkov on every stack"

# A stamp per requirements file: set-up runs once, and again when the file changes.
$(VENV)/local: requirements.txt requirements-local.txt model_image/requirements.txt constraints.txt
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the hub needs (about a minute, once) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-local.txt
	@touch $@

$(VENV)/dev: $(VENV)/local requirements-dev.txt
	@echo "Installing what the tests need ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@touch $@

demo: $(VENV)/local
	@$(RUN) -m infra.hub demo $(if $(INPUT),--input "$(INPUT)")

serve: $(VENV)/local
	@$(RUN) -m infra.hub serve

check: $(VENV)/dev
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

# A second DynamoDB for the storage tests; without npm they run against moto alone, and CI fails.
$(VENV)/dynalite: tests/dynamodb/package.json tests/dynamodb/package-lock.json | $(VENV)/local
	@mkdir -p $@ && cp tests/dynamodb/package*.json $@/
	@if command -v npm >/dev/null; then \
		npm ci --prefix $@ --silent --omit=optional --no-audit --no-fund >/dev/null 2>&1 \
			|| echo "npm could not install dynalite: the tests that want it are skipped, and fail in CI"; \
	else echo "No npm: the tests against a second DynamoDB are skipped, and fail in CI"; fi
	@touch $@

# Both cores; the tests of one file share a hub, so they stay together.
test: check $(VENV)/dynalite
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile

# Everything that stores, on the second DynamoDB too: some minutes.
test-dynalite: $(VENV)/dev $(VENV)/dynalite
	@TEST_DYNAMODB=dynalite $(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile \
		tests/adapters tests/pipeline

golden: $(VENV)/dev
	@$(RUN) -m tests.digest.golden

bench: $(VENV)/dev
	@for bench in tests/bench/bench_*.py; do \
		name=$$(basename $$bench .py); echo; echo "== $$name"; $(RUN) -m tests.bench.$$name || exit 1; done

year: $(VENV)/dev
	@$(RUN) -m tests.bench.year $(if $(OUT),--out "$(OUT)")

load: $(VENV)/dev
	@$(RUN) -m tests.bench.load_run --events $(or $(EVENTS),20000)

soak: $(VENV)/dev
	@$(RUN) -m tests.bench.soak --contacts $(or $(CONTACTS),2500)

package: $(VENV)/dev
	@$(RUN) -m infra.package --stage $(or $(STAGE),dev) --out build

# STAGE=prod, with infra/stages/prod.toml or SETTINGS=; PROFILE= REGION= VERSION= (an earlier one) PLAN=1 (show only).
DEPLOYED = --stage $(or $(STAGE),dev) $(if $(PROFILE),--profile "$(PROFILE)") \
	$(if $(SETTINGS),--settings "$(SETTINGS)")
deploy: $(VENV)/dev
	@$(RUN) -m infra.deploy $(DEPLOYED) $(if $(REGION),--region "$(REGION)") $(if $(PLAN),--plan) \
		$(if $(VERSION),--version "$(VERSION)") $(if $(LOSE_DATA),--lose-data)

versions: $(VENV)/dev
	@$(RUN) -m infra.deploy $(DEPLOYED) --versions

# The model's container: built, pushed and told by digest, as the settings want it. TAG= is its version.
image: $(VENV)/dev
	@test -n "$(TAG)" || { echo "make image STAGE=prod TAG=2026.11.1: tags cannot be moved"; exit 2; }
	@uri=$$($(RUN) -m infra.images $(DEPLOYED) uri) && \
		$(RUN) -m infra.images $(DEPLOYED) login | docker login --username AWS --password-stdin "$${uri%%/*}" && \
		docker build --platform linux/amd64 -t "$$uri:$(TAG)" -f model_image/Dockerfile . && \
		docker push "$$uri:$(TAG)" && \
		docker inspect --format 'ModelImage = "{{index .RepoDigests 0}}"' "$$uri:$(TAG)"

# The alarms' table of infra/README.md, from the list that the alarms are made from.
runbook: $(VENV)/dev
	@$(RUN) -c 'from infra.template import alarms; print(alarms.runbook())'

# Every version, also of what our requirements bring with them; run after changing a pin.
lock: requirements-dev.txt
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet -r requirements-dev.txt
	@build/lock/bin/pip freeze | sed 's/+cpu$$//' > constraints.txt

# A tool of its own environment: what it brings shall not move a pin of ours.
build/tools: .ci/supply-chain.txt
	@rm -rf $@ && $(PYTHON) -m venv $@
	@$@/bin/pip install --quiet --disable-pip-version-check -r .ci/supply-chain.txt

# checkov, in an environment of its own; each finding that is left so has its reason in infra/checkov.toml.
build/checkov: .ci/infra-lint.txt
	@rm -rf $@ && $(PYTHON) -m venv $@
	@$@/bin/pip install --quiet --disable-pip-version-check -r .ci/infra-lint.txt

lint-infra: $(VENV)/dev build/checkov
	@$(RUN) -m infra.lint
	@for stack in build/lint/*.json; do \
		build/checkov/bin/checkov -f $$stack --framework cloudformation --compact --quiet \
			--skip-download || exit 1; done

# Asks PyPI for the advisories of every version in constraints.txt, which has the pins of every
# requirements file but the one for training (a test compares); fails for one it cannot tell of.
# .ci/advisories.txt names what is accepted, and why.
audit: build/tools
	@accepted=$$($(PYTHON) .ci/advisories.py accepted) && build/tools/bin/pip-audit --strict \
		--disable-pip --no-deps --progress-spinner off $$accepted \
		-r constraints.txt -r model_image/requirements-train.txt

# What is deployed, as it is installed here: the functions and the model's container.
sbom: $(VENV)/dev
	@mkdir -p build && $(RUN) -m infra.bill > build/sbom.json
	@echo "build/sbom.json"

# The images with torch are resolved and not installed: CUDA alone is gigabytes. TORCH_INDEX= as in
# model_image/Dockerfile says whose torch.
IMAGES = model_image/requirements.txt model_image/requirements-encoder.txt
sbom-images: $(VENV)/dev $(IMAGES)
	@mkdir -p build && $(RUN) -m pip install --dry-run --ignore-installed --quiet --disable-pip-version-check \
		$(if $(TORCH_INDEX),--extra-index-url https://pypi.org/simple --index-url "$(TORCH_INDEX)") \
		--report build/images.json -c constraints.txt $(addprefix -r ,$(IMAGES))
	@$(RUN) -m infra.bill build/images.json > build/sbom-images.json
	@echo "build/sbom-images.json"

clean:
	rm -rf $(VENV) build out .hub .pytest_cache .mypy_cache .ruff_cache .hypothesis
