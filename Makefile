# make run   is:  python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
#                 .venv/bin/streamlit run explorer/app.py
# make test  is:  the same environment, then .venv/bin/pip install -e '.[test,docs]', a Chromium, and
#                 ruff check, ruff format --check, mypy, biome ci, pytest  (all from .venv/bin)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: run test docs benchmarks chromium clean
.DELETE_ON_ERROR:
# Tests and the many processes that they start are compiled once, not by each anew.
unexport PYTHONDONTWRITEBYTECODE

run: .venv/app
	$(BIN)/streamlit run explorer/app.py

test: .venv/test chromium
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@if [ -x $(BIN)/biome ]; then set -x; $(BIN)/biome ci --error-on-warnings; \
	else echo 'STYLE OF THE JAVASCRIPT NOT CHECKED: no Biome for this platform'; fi
	$(BIN)/mypy >.venv/types 2>&1 & types=$$!; \
	$(BIN)/pytest -n 3 --no-loadscope-reorder --durations=15; tests=$$?; \
	wait $$types || { cat .venv/types; exit 1; }; exit $$tests

benchmarks: .venv/test chromium
	$(BIN)/python -m tests.benchmarks

.venv/app: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) install -r requirements.txt
	touch $@

docs: .venv/test
	$(BIN)/python -m docs.site site

.venv/test: .venv/app
	$(PIP) install -e '.[test,docs]'
	touch $@

# The browser tests drive a real Chromium. Debian's is installed where there is none and that is
# allowed; elsewhere those tests are skipped, and pytest says so at its end.
chromium:
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo='sudo -n'; \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq chromium || true; \
	fi

clean:
	rm -rf .venv
