# Shortcuts for the commands of the README; on Windows type those.
PYTHON ?= python3

.PHONY: run test fast prove lint lock

run:    ; $(PYTHON) installer/run.py
test:   ; $(PYTHON) tests/run.py
fast:   ; $(PYTHON) tests/run.py --fast
prove:  ; $(PYTHON) tests/run.py --prove
lock:   ; $(PYTHON) installer/lock.py

lint:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
