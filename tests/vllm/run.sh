#!/usr/bin/env bash
# The vLLM tests, from nothing: environment, tiny model, real servers. What they measured is printed.
# bash tests/vllm/run.sh [PYTEST ARGUMENTS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${FJSIM_VLLM_VENV:-$root/.venv-vllm}

bash "$here/environment.sh" "$venv"
"$venv/bin/python" "$here/tiny_model.py" "$venv/tiny-model"
cd "$root"
# One thread: two layers of width 64 have no work for more, and the cores are shared.
export OMP_NUM_THREADS=1
export FJSIM_TINY_MODEL="$venv/tiny-model" HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1
# vLLM's imports warn on their own account, so warnings are no errors here.
exec "$venv/bin/python" -m pytest tests/vllm -m vllm -s -p no:cacheprovider \
  -o filterwarnings=default --disable-warnings "$@"
