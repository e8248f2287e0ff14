# The developer's menu: `make` alone prints it.

PREFIX ?= /usr/local
DESTDIR ?=
SYSTEM_PYTHON ?= /usr/bin/python3
VENV := .venv
PYTHON := $(abspath $(VENV))/bin/python
HOME_OF_SENTER := $(PREFIX)/lib/senter

# The manager of the person who installs, also below sudo.
USER_SYSTEMCTL := systemctl --user $(if $(SUDO_USER),--machine=$(SUDO_USER)@)

# Where the installed units find their Python; `make install` uses its own environment.
UNIT_PYTHON ?= $(HOME_OF_SENTER)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run setup test lint format docs bench install install-units uninstall clean

help:  ## Show this menu
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: $(VENV)/.core  ## Set Senter up and show its main job: a goal from plan to report
	packaging/run

setup: $(VENV)/.complete  ## Install what building and testing need: Debian packages, .venv

# What running takes; what testing takes comes on top.
$(VENV)/.core: setup.cfg pyproject.toml packaging/debian-packages.txt
	packaging/install-packages packaging/debian-packages.txt
	$(SYSTEM_PYTHON) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --upgrade pip
	$(PYTHON) -m pip install --quiet --editable .
	@touch $@

$(VENV)/.complete: $(VENV)/.core packaging/debian-packages-test.txt
	packaging/install-packages packaging/debian-packages-test.txt
	$(PYTHON) -m pip install --quiet --editable '.[dev]'
	@touch $@

test: setup lint  ## Run every test, on a private desktop session where root or sudo allows one
	$(PYTHON) -m pytest --numprocesses 2 tests/services tests/interfaces tests/files
	packaging/run-journeys

lint: setup  ## Check style and types
	$(PYTHON) -m ruff check . packaging/private-session packaging/interface-xml
	$(PYTHON) -m ruff format --check . packaging/private-session packaging/interface-xml
	$(PYTHON) -m mypy

format: setup  ## Format the code
	$(PYTHON) -m ruff check --fix . packaging/private-session packaging/interface-xml
	$(PYTHON) -m ruff format . packaging/private-session packaging/interface-xml

docs: setup  ## Write the interface XML anew from the code
	$(PYTHON) packaging/interface-xml units/interfaces

install:  ## Install Senter below PREFIX (/usr/local); DESTDIR for packagers
	[ -n "$(DESTDIR)" ] || packaging/install-packages packaging/debian-packages.txt
	$(SYSTEM_PYTHON) -m venv "$(DESTDIR)$(HOME_OF_SENTER)"
	"$(DESTDIR)$(HOME_OF_SENTER)/bin/python" -m pip install --quiet --upgrade pip
	@# from a copy: pip writes into what it builds, and this may be root in somebody's checkout
	copy=$$(mktemp -d) && cp -r LICENSE README.md pyproject.toml setup.cfg src "$$copy" && \
		"$(DESTDIR)$(HOME_OF_SENTER)/bin/python" -m pip install --quiet "$$copy" && rm -r "$$copy"
	@$(MAKE) --no-print-directory install-units
	@[ -n "$(DESTDIR)" ] || $(USER_SYSTEMCTL) daemon-reload 2>/dev/null || true

install-units:  ## Install only units, activation files, interfaces and the command, for UNIT_PYTHON
	@packaging/install-files install "$(DESTDIR)" "$(PREFIX)" "$(UNIT_PYTHON)"

uninstall:  ## Take away everything that install put in place; databases and settings stay
	@[ -n "$(DESTDIR)" ] || $(USER_SYSTEMCTL) disable --now senter.target 2>/dev/null || true
	@packaging/install-files uninstall "$(DESTDIR)" "$(PREFIX)" "$(UNIT_PYTHON)"
	rm -rf "$(DESTDIR)$(HOME_OF_SENTER)"
	@[ -n "$(DESTDIR)" ] || $(USER_SYSTEMCTL) daemon-reload 2>/dev/null || true

bench: setup  ## Measure start, calls, memory and wake-ups, each beside a reference
	rm -rf build/bench && mkdir -p build/bench && chmod 777 build/bench
	$$([ "$$(id -u)" -eq 0 ] || echo sudo) packaging/private-session --display --bind "$(CURDIR)/build/bench" -- \
		$(PYTHON) benchmarks/figures.py "$(CURDIR)/build/bench"

clean:  ## Remove what make made here
	rm -rf $(VENV) build *.egg-info src/*.egg-info
