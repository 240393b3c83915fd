# make up     the whole system on this machine; Ctrl-C stops it (ARGS='--workers 2 --port 9000')
# make test   every test          make check   format, lint, types, import law, unit tests
# make test-compose   the container stack, for minutes, where a Docker engine answers
# make faults   kills, suspends, cuts off and overloads everything (SCENARIO=postgres TIMES=20 SEED=7, or SECONDS=1800 of pairs)
# make bench  speed and memory, beside other ways to do the same work (ONLY=singles,batch SCALE=quick|full)
# make audit  are libraries with known holes locked?      make sbom   lists them (CycloneDX; FILE=sbom.json)
# make growth what a rate of orders needs (ARGS='--orders-a-minute 250000'), see deploy/growth.md
# make pictures  takes the README's pictures of the dashboard anew
# make docs   writes what /openapi.json and /asyncapi.json answer, and the list of metrics
.PHONY: up down setup dev test pictures test-compose faults bench growth check docs audit sbom lock
.DEFAULT_GOAL := up
STACK := services/cli/stack

up: setup
	@exec .venv/bin/bugalou up $(ARGS)

down:
	@if [ -x .venv/bin/bugalou ]; then exec .venv/bin/bugalou down; else echo "nothing runs"; fi

setup:
	@sh $(STACK)/venv.sh requirements.txt
	@.venv/bin/python -m services.cli.stack.packages

dev:
	@sh $(STACK)/venv.sh requirements-dev.txt

test: dev
	@.venv/bin/python -m services.cli.stack.packages
	@.venv/bin/python -m services.cli.stack.packages --browser --promtool
	.venv/bin/pytest --numprocesses 2 --dist loadfile tests/unit tests/integration tests/e2e tests/faults tests/browser

pictures: dev
	@.venv/bin/python -m services.cli.stack.packages
	@.venv/bin/python -m services.cli.stack.packages --browser
	.venv/bin/pytest -q tests/browser/pictures.py

test-compose: dev
	.venv/bin/pytest tests/compose

faults: dev
	@.venv/bin/python -m services.cli.stack.packages
	@.venv/bin/python -m services.cli.stack.packages --faults
	@.venv/bin/python -m tests.faults --scenario "$(SCENARIO)" --times $(or $(TIMES),1) --seconds $(or $(SECONDS),0) \
		--seed $(or $(SEED),1) $(if $(GUARDS),--guards) $(if $(OVERLOAD),--overload)

check: dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -q tests/unit

growth: setup
	@.venv/bin/python -m tests.bench.growth $(ARGS)

bench: setup
	@sh tests/bench/venv.sh
	@exec .local/bench-venv/bin/python -m tests.bench --scale $(or $(SCALE),quick) $(if $(ONLY),--only $(ONLY))

docs: dev
	.venv/bin/bugalou openapi --output services/console/static/openapi.json
	.venv/bin/bugalou asyncapi --output services/console/static/asyncapi.json
	.venv/bin/bugalou metrics --output deploy/monitoring/metrics.md

audit: dev
	@sh deploy/audit/audit.sh audit

sbom: dev
	@sh deploy/audit/audit.sh sbom $(FILE)

# Requirements files, because other lock formats name the index's hosts.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: dev
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)" >&2; exit 1; }
	$(LOCK) pyproject.toml --extra fast --extra traces --output-file requirements.txt
	$(LOCK) pyproject.toml --extra fast --extra traces --group dev --output-file requirements-dev.txt
	$(LOCK) pyproject.toml --extra fast --extra traces --group bench --constraint requirements.txt --output-file tests/bench/requirements.txt
	$(LOCK) deploy/audit/requirements.in --output-file deploy/audit/requirements.txt
