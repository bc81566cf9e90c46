# make train   environment, MNIST, the adversarial auto-encoder, pictures to look at
# make test    environment, linters, types, the whole test suite
# make bench   what is fast and how fast, in one table (some minutes)
# make wheel-test   build the wheel, install it elsewhere, and run the test suite on that
# make lock    write requirements.lock, the hashes of all that constraints.txt names
# make audit   ask whether any of it is known to be unsafe; wants the network
# make clean   remove the environments (sessions and pictures stay)

PYTHON ?= python3
SESSION := mnist4.ckpt
BIN := .venv/bin
INSTALL = @echo "Installing into .venv (once; a minute or two)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# a process for each core, four at most: there torch's own threads would only be in the way
IN_PARALLEL := -n auto --maxprocesses 4 --dist loadfile

# the studio's page is tested in a browser; where none can be installed, these tests are skipped
CHROMIUM := command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium for the page's tests (once; a minute)"; \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install chromium) \
			>/dev/null 2>&1 || echo "chromium could not be installed"; \
	else echo "no chromium: the tests of the studio's page are skipped"; fi

.NOTPARALLEL:  # two targets would install into the one environment
.PHONY: train test bench wheel-test lock audit clean

# by exec, so that a make that is told to end waits until the run has saved;
# a simple auto-encoder, or a run that was stopped, goes on; what has finished is not trained more
SAVED := "$(SESSION)/.saved/trainer.json", "$(SESSION)/trainer.json"
FINISHED := import json, os; s = json.load(open(next(filter(os.path.exists, ($(SAVED)))))); \
	exit(s["step"] < s["steps"] or s["config"]["objective"] != "aae")

train: .venv/.for-use
	@$(BIN)/python -c '$(FINISHED)' 2>/dev/null || exec $(BIN)/mnist-aae --ckpt-dir "$(SESSION)"
	$(BIN)/encoder-vis --ckpt-dir "$(SESSION)" --output "$(SESSION)/style-space.png"
	$(BIN)/generate-digits --ckpt-dir "$(SESSION)" --count 8 --output "$(SESSION)/digits.png"

test: .venv/.for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest $(IN_PARALLEL)

bench: .venv/.for-tests
	$(BIN)/python -m benchmarks

wheel-test: .venv/.for-tests
	rm -rf build/wheel
	$(BIN)/python -m hatchling build -t wheel -d build/wheel
	$(PYTHON) -m venv --clear build/wheel/env
	build/wheel/env/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt "$$(ls build/wheel/*.whl)[dev]"
	OMP_NUM_THREADS=1 build/wheel/env/bin/python -m pytest $(IN_PARALLEL) tests

# torch is left out: which build of it is right depends on the machine
lock: build/lock/bin/pip-compile
	grep -v '^torch==' constraints.txt > build/lock/all.in
	build/lock/bin/pip-compile --quiet --generate-hashes --no-annotate --no-header --strip-extras \
		--no-emit-find-links --no-emit-index-url -o requirements.lock build/lock/all.in

audit: build/lock/bin/pip-compile
	build/lock/bin/pip-audit --no-deps --disable-pip -r requirements.lock

build/lock/bin/pip-compile:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools pip-audit

.venv/.for-use: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[vis]'
	@touch $@

.venv/.for-tests: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[dev]'
	@$(CHROMIUM)
	@touch $@ .venv/.for-use

$(BIN)/python:
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

clean:
	rm -rf .venv build
