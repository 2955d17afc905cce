# demo   the whole story on this machine: PostgreSQL, a workspace in the browser, the bot   (ARGS=--once plays it and exits)
# test   the whole suite, on servers it starts itself
# check  format, lint, types, import contracts
# bench  measures connbot beside a bare Bolt app and psql
# lock   writes requirements*.txt anew from pyproject.toml
# Each makes the environment it needs, in .venv, from locked and hashed requirements.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

# Compiled modules are kept, so that a second start takes a second and not four.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format bench lock clean page

demo: $(VENV)/.demo
	@exec $(BIN)/python -m bot demo $(ARGS)

test: $(VENV)/.dev
	@exec $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	@exec $(BIN)/python -m tests.bench $(ARGS)

page:
	@cd bot/workspace/page && npm ci --no-audit --no-fund && npm run build

# The address of whatever index made the lock stays out of it: exports hold names, versions and hashes.
lock: $(VENV)/.uv
	@rm -f uv.lock
	@$(BIN)/uv lock --quiet
	@$(BIN)/uv export --quiet --no-emit-project --extra demo --extra charts --no-default-groups --no-header -o requirements.txt >/dev/null
	@$(BIN)/uv export --quiet --no-emit-project --extra demo --extra charts --all-groups --no-header -o requirements-dev.txt >/dev/null
	@rm -f uv.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.uv: requirements-uv.txt
	@[ -n "$(PYTHON)" ] || { echo "connbot needs Python 3.11 or later: install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt || \
	  { echo "The package index could not be reached: the first run needs the network once." >&2; exit 1; }
	@touch $@

$(VENV)/.demo: $(VENV)/.uv requirements.txt pyproject.toml
	@[ ! -e $(VENV)/.dev ] || [ $(VENV)/.dev -ot requirements-dev.txt ] || { touch $@; exit 0; }; \
	  $(call install,requirements.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements-dev.txt pyproject.toml
	@$(call install,requirements-dev.txt)
	@touch $@ $(VENV)/.demo

# uv brings certificates of its own; where a campus or a company signs what it lets through, the system's are the ones to ask.
# The project itself is put on the path as it stands; nothing is built, so nothing unpinned is fetched.
define install
{ $(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python $(1) 2>/dev/null || \
  $(BIN)/uv pip sync --quiet --system-certs --require-hashes --python $(BIN)/python $(1); } && \
  $(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "connbot.pth").write_text(str(pathlib.Path.cwd()) + "\n")' && \
  printf '#!%s\nimport sys\n\nfrom bot.cli.main import main\n\nsys.exit(main())\n' "$(CURDIR)/$(BIN)/python" >$(BIN)/connbot && chmod +x $(BIN)/connbot || \
  { echo "The packages in $(1) could not be installed: the first run needs the network once; then run make again." >&2; exit 1; }
endef
