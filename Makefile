# `make` alone explains itself. Nothing is needed but Python 3.11 or newer (with venv) and make.
PYTHON ?= python3
BIN := .venv/bin
export PORT ?= 8000

.PHONY: help run test check bench screenshots lock clean

help: ## show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

run: .venv/run.installed ## start the database, the web server and the workers, with demo data
	@$(BIN)/python -m project.run

test: .venv/dev.installed ## run every test
	@$(BIN)/python -m tests.everything $(ARGS)

check: .venv/dev.installed ## lint, types, architecture, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy .
	$(BIN)/lint-imports
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=tests.settings LOG_LEVEL=WARNING $(BIN)/python manage.py lintmigrations --sql-analyser postgresql \
		--no-cache --warnings-as-errors --quiet ignore ok --project-root-path . --include-apps events engagement people product_management
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=carillon.example \
		SITE_URL=https://carillon.example EMAIL_URL=smtp+tls://mail.example DEFAULT_FROM_EMAIL=no-reply@carillon.example \
		$(BIN)/python -W error manage.py check --deploy --fail-level WARNING

bench: .venv/dev.installed ## measure against the baselines (bench/README.md)
	@$(BIN)/python -m bench

screenshots: .venv/dev.installed ## take pictures of every page, for the manual and for looking at
	@$(BIN)/python -m tests.screenshots

lock: .venv/dev.installed ## resolve pyproject.toml anew, for every platform, with hashes
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements.txt --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet -o requirements-dev.txt

clean: ## remove the environment and the embedded database with its data
	rm -rf .venv .data staticfiles

.venv/run.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Carillon needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) lacks the venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.installed: .venv/run.installed requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
