#!/usr/bin/env bash
# The built wheel, installed alone into an empty environment, runs the main job.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/.venv/bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$work" "$root"
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check \
    -c "$root/constraints.txt" "$work"/*.whl
cd "$work"
"$work/env/bin/fjsim" run --topology star --attack stubborn --limit 10
"$work/env/bin/fjsim" list attacks
