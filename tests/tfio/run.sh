#!/bin/sh
# Tests `decoder="tfio"` in an environment of its own: tensorflow-io works with TensorFlow 2.16 only.
#
#     tests/tfio/run.sh [FOLDER]
#
# FOLDER (default: .venv-tfio in the checkout) gets a Python 3.11 environment, once: a minute and a
# half; later runs take half a minute. The FFmpeg 4 libraries that tensorflow-io wants are those that
# the decord wheel brings along, under the names of their major versions.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$checkout/.venv-tfio}
python=${PYTHON:-python3.11}

if [ ! -e "$folder/ready" ]; then
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet "tensorflow==2.16.*" "tensorflow-io==0.37.1" \
        av pillow pytest tqdm
    "$folder/bin/pip" download --quiet --no-deps --dest "$folder/wheel" "decord==0.6.0"
    "$folder/bin/python" - "$folder" <<'EOF'
import pathlib, re, sys, zipfile

folder = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next((folder / "wheel").glob("*.whl"))) as wheel:
    wheel.extractall(folder / "wheel")
for library in (folder / "wheel" / "decord.libs").iterdir():
    name = re.fullmatch(r"(lib(?:av|sw)\w+)-\w+(\.so\.\d+)[\d.]*", library.name)
    if name:
        (library.parent / (name[1] + name[2])).symlink_to(library.name)
EOF
    touch "$folder/ready"
fi

cd "$checkout"
LD_LIBRARY_PATH="$folder/wheel/decord.libs" TF_CPP_MIN_LOG_LEVEL=2 \
    "$folder/bin/python" -m pytest -q -rs tests/tfio
