#!/usr/bin/env bash
# The tests against the built wheel: installed with the extra `test` into an environment of its own, in
# a folder that holds everything of the checkout but the packages themselves.
# Usage: PYTHON=python3.12 tests/installed.sh [ARGUMENTS OF PYTEST]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
python="$work/env/bin/python"
pip=("$python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt")
"${pip[@]}" hatchling editables
"$python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/dist" "$root"
wheel=$(echo "$work"/dist/*.whl)
"${pip[@]}" "$wheel[test]"
mkdir "$work/checkout"
cp -r "$root"/{tests,benchmarks,configs,docs,examples} "$root"/*.{md,toml,txt,yml} "$root"/{Makefile,LICENSE} "$work/checkout"
cp -r "$root/.github" "$root/.ci" "$work/checkout"
if [ -d "$root/studies" ]; then cp -r "$root/studies" "$work/checkout"; fi
cd "$work/checkout"
"$python" -c 'import fjsim, sys; sys.exit("site-packages" not in fjsim.__file__ and f"{fjsim.__file__} is not the wheel")'
# The tests that build the wheel need its sources; they run in the checkout.
"$python" -m pytest tests --ignore tests/endtoend/test_wheel.py -n "${JOBS:-auto}" "$@"
