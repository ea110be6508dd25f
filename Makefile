# What contributors and operators type. Each target that `make help` lists carries its line after ##.
# Works with GNU make 3.81 and later; everything else it needs is found or installed by tools/.

.DEFAULT_GOAL := help
python := .venv/bin/python

.PHONY: help run test check lint types imports format bench bench-smoke sim chaos soak lock \
	upgrade compose-check install install-tests clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

run: install ## Install what is needed and start the demonstration auction
	@$(python) -m saleroom demo

# Tests of pages and of whole servers go two at a time, in their order, so that no more than two
# browsers are started; what hurries a server has the machine to itself; the others share its cores.
whole := tests/browser tests/e2e
alone := tests/chaos tests/hostile

test: install-tests ## Run all tests
	@$(python) -m pytest -n auto --maxprocesses 4 --dist worksteal \
		$(patsubst %,--ignore=%,$(whole) $(alone))
	@$(python) -m pytest -n 2 $(whole)
	@$(python) -m pytest $(alone)

check: lint types imports test ## Run everything that must hold before a commit

lint: install ## Check style, formatting and what is drawn from the code
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m tools.readme_settings --check
	@$(python) -m tools.api_docs --check

types: install ## Check types strictly
	@$(python) -m mypy

imports: install ## Check that imports run one way
	@$(python) -m tools.imports

format: install ## Format the code and put imports in order
	@$(python) -m ruff check --select I --fix
	@$(python) -m ruff format

bench: install ## Run every benchmark, peers included: ten minutes; keep it in bench/results/
	@tools/need chromium
	@bench/peers/install
	@$(python) -m bench --all

bench-smoke: install ## Run each benchmark once, briefly
	@tools/need chromium
	@bench/peers/install
	@$(python) -m bench --smoke

SEEDS ?= 1000
ROUNDS ?= 14
MINUTES ?= 30

sim: install ## Play SEEDS auctions (1000) in virtual time, with faults, and write docs/reports/sim.md
	@$(python) -m tests.sim --seeds $(SEEDS)

chaos: install-tests ## Break real servers under load ROUNDS times (14) and write docs/reports/chaos.md
	@$(python) -m tests.chaos --rounds $(ROUNDS)

soak: install-tests ## Keep a server busy for MINUTES (30) and write docs/reports/soak.md
	@$(python) -m tests.chaos.soak --minutes $(MINUTES)

lock: install ## Compile requirements.lock from pyproject.toml, keeping versions that fit
	@tools/lock

upgrade: install ## Compile requirements.lock with the newest versions
	@tools/lock --upgrade

compose-check: ## Check docker-compose.yml
	@tools/need compose
	@if command -v docker-compose >/dev/null; then docker-compose config -q; \
	else docker compose config -q; fi

install: ## Bring .venv to what requirements.lock says
	@tools/install

install-tests: install ## Bring in what the tests need besides: redis-server, Node, Chromium, localstripe
	@tools/need redis-server node chromium
	@tools/install-node
	@tools/install-localstripe

clean: ## Remove all that these targets made
	rm -rf .venv .venv-localstripe tests/node/node_modules bench/peers/*/node_modules build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find saleroom tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
