# Everything is installed into .venv from constraints.txt; nothing outside this directory changes.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

DATA := ../shared/data
SETS := written telegram_annotated rusentne ruopinionne newsmtsc opensentimentcorpus

.PHONY: demo test quick lint bench model clean

demo: $(READY)  ## the whole job on embedded posts
	$(BIN)/tgstance demo demo

test: $(READY)  ## all tests
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

quick: $(READY)  ## all tests but the slow ones
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal -m "not slow"

lint: $(READY)  ## style, types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## every figure in the README (some need ../shared/data)
	$(BIN)/python benchmarks/importing.py
	$(BIN)/python benchmarks/collect.py
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/fine_tuning.py
	$(BIN)/python benchmarks/learning_curve.py
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python benchmarks/validity.py
	$(BIN)/python benchmarks/report_scale.py
	PYTHONPATH=. $(BIN)/python benchmarks/preview.py
	$(BIN)/python benchmarks/scoring/engine.py
	$(BIN)/python benchmarks/scoring/whole_job.py
	$(BIN)/python benchmarks/scoring/memory.py --model tiny
	$(BIN)/python benchmarks/scoring/several_processes.py
	$(BIN)/python benchmarks/scoring/gpu.py
	$(BIN)/python -m benchmarks.reliability
	$(BIN)/python -m benchmarks.reliability.soak

model: $(READY)  ## train the embedded model anew, into out/embedded (needs DATA)
	$(BIN)/tgstance train $(SETS:%=$(DATA)/labelled/%.train.jsonl.gz) \
		models/embedded/training/written_more.train.jsonl.gz \
		--text $(DATA)/telegram_posts/posts.jsonl.gz \
		--text $(DATA)/unlabelled/ua_gec.uk.txt.gz --text $(DATA)/unlabelled/dialogues.ru.txt.gz \
		--distilling 2.2 --epochs 2 --runs 2 \
		--exclude tgstance/demo/posts.jsonl --out out/embedded

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv demo
