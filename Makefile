# `make demo` and `make test` each make their own virtual environment when there is none.
PYTHON ?= python3
DEMO := .venv-demo
VENV ?= .venv-test
TORCH ?= torch==2.13.0

.PHONY: demo test check clean

demo: $(DEMO)/.ready
	$(DEMO)/bin/xjstance classify examples/archive.jsonl -o build/demo.jsonl
	@echo
	@echo "The first three of the rows written to build/demo.jsonl:"
	@head -n 3 build/demo.jsonl

# The wheel is built from the checkout, so the demo runs what a user would install. No torch in it.
$(DEMO)/.ready: pyproject.toml
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --upgrade pip
	$(DEMO)/bin/python -m pip install --quiet .
	mkdir -p build && touch $@

test: $(VENV)/.ready
	$(VENV)/bin/python -m pytest -m "not gpu and not network"

# Training needs torch. A plain install of it on Linux brings several GB for NVIDIA GPUs; the CPU build is a tenth of
# that. pytorch.org ("Start locally", compute platform CPU) says which extra index serves it: set PIP_EXTRA_INDEX_URL
# to that address before `make test`; it is honoured here.
$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet "$(TORCH)"
	$(VENV)/bin/python -m pip install --quiet -e ".[train,web,review,ray,test,lint]"
	touch $@

check: $(VENV)/.ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(DEMO) $(VENV) build dist *.egg-info
