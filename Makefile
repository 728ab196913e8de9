# The two commands of a fresh machine are `make demo` and `make test`; `make help` lists all.
.DEFAULT_GOAL := help

# The newest usable interpreter; Spark 3.5 is declared up to Python 3.11.
usable = $(firstword $(foreach p,$(1),$(shell $(p) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $(p))))
PYTHON ?= $(call usable,python3 python3.13 python3.12 python3.11 python3.10)
PYTHON35 ?= $(or $(call usable,python3.11 python3.10),$(PYTHON))

VENV := .venv
# Another Spark than the newest, for test-spark, and what of the tests to run on it.
SPARK := 3.5
TESTS := -m smoke
VENV_SPARK := .venv-spark-$(SPARK)
PYTHON_SPARK = $(if $(filter 3.%,$(SPARK)),$(PYTHON35),$(PYTHON))
BIN := $(VENV)/bin
JAVA := $(if $(JAVA_HOME),$(JAVA_HOME)/bin/java,java)
# Two at a time: tests wait for jobs and endpoints more than they compute.
PYTEST := -m pytest -q -n 2 --dist loadfile
JAR_SOURCES := jvm/pom.xml $(shell find jvm/src/main -type f)

.PHONY: help machine demo test test-jvm test-spark lint format clean

help:  ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

machine:
	@[ -n "$(PYTHON)" ] || { \
	  echo "No Python >= 3.10 with venv was found. Install one, for example: apt-get install python3 python3-venv"; \
	  echo "or brew install python@3.12; or name yours: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2
	@found=$$("$(JAVA)" -version 2>&1 | sed -nE '1,3s/.*version "([0-9]+).*/\1/p'); [ "$${found:-0}" -ge 17 ] || { \
	  echo "Spark needs Java 17 or newer; found: $${found:-none} ($(JAVA)). Install one, for example:"; \
	  echo "apt-get install openjdk-17-jre-headless, or brew install openjdk@17; then set JAVA_HOME"; \
	  echo "if it is not on the path."; exit 1; } >&2

$(VENV)/.installed-local: setup.py $(JAR_SOURCES) | machine
	@echo "Installing into $(VENV) ($(PYTHON)) ..."
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,notebooks]'
	@touch $@

$(VENV)/.installed-dev: setup.py $(JAR_SOURCES) | machine
	@echo "Installing into $(VENV) ($(PYTHON)) ..."
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed-local

$(VENV_SPARK)/.installed: setup.py $(JAR_SOURCES) | machine
	@echo "Installing into $(VENV_SPARK) ($(PYTHON_SPARK)) ..."
	@[ -x $(VENV_SPARK)/bin/python ] || "$(PYTHON_SPARK)" -m venv $(VENV_SPARK)
	@$(VENV_SPARK)/bin/python -m pip install --quiet --disable-pip-version-check 'pyspark==$(SPARK).*' setuptools --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed-local  ## Set up, then train and predict for real on the local SageMaker
	@PYSPARK_PYTHON="$(CURDIR)/$(BIN)/python" $(BIN)/python notebooks/demo.py

test: lint $(VENV)/.installed-dev  ## Set up, then run all tests on the newest Spark and the smoke tests on Spark 3.5
	@PYSPARK_PYTHON="$(CURDIR)/$(BIN)/python" $(BIN)/python $(PYTEST)
	@$(MAKE) --no-print-directory test-jvm test-spark

test-jvm:  ## Check and test the Java part, where Maven and a JDK are
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then mvn -B -q -f jvm/pom.xml verify; \
	else echo "The Java part is not tested: no Maven with a JDK was found."; fi

test-spark: $(VENV_SPARK)/.installed  ## Run the smoke tests on Spark 3.5, or on another: SPARK=4.0 (TESTS="tests/inference" for these)
	@PYSPARK_PYTHON="$(CURDIR)/$(VENV_SPARK)/bin/python" $(VENV_SPARK)/bin/python $(PYTEST) $(TESTS)

bench: $(VENV)/.installed-dev  ## Measure, beside the peers that are installed; CASES="codec endpoint" for some only
	@PYSPARK_PYTHON="$(CURDIR)/$(BIN)/python" $(BIN)/python -m tests.benchmarks $(CASES)

bench-peers: .venv-peer-sagemaker2/.installed .venv-peer-spark33/.installed  ## Install what benchmarks compare with

.venv-peer-sagemaker2/.installed:
	@echo "Installing sagemaker<3 into $(@D) ($(PYTHON)) ..."
	@"$(PYTHON)" -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check 'sagemaker<3' scipy
	@touch $@

# It brings Spark 3.3, which runs on Java 17; it imports pkg_resources, which newer setuptools lack.
.venv-peer-spark33/.installed:
	@echo "Installing sagemaker_pyspark 1.4.5 into $(@D) ($(PYTHON35)) ..."
	@"$(PYTHON35)" -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check 'setuptools<81' 'numpy<2' sagemaker_pyspark==1.4.5
	@touch $@

lint: $(VENV)/.installed-dev  ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.installed-dev  ## Bring the source into the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:  ## Remove everything that the other commands made
	rm -rf $(VENV) .venv-spark-* .venv-peer-* .benchmarks build dist jvm/target sagemaker_spark_py/jars *.egg-info demo_output .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
