"""What a user waits for before anything happens: help, import, list of presets, first caption.

    python -m benchmarks.cold_start
    python -m benchmarks.cold_start --runs 3 --photo photo.jpg

Every line is the median over child processes, which take turns, so that a machine that others use
slows all of them alike. `python -c pass` and the import of TensorFlow and KerasHub are what no
command can go below: the last column is processor time by that of the import. The default photo
is scikit-image's astronaut.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT = "import tensorflow, keras_hub"
CHILDREN = {
    "python": ["-c", "pass"],
    "import keras_lrcn": ["-c", "import keras_lrcn"],
    "keras-lrcn --help": ["-m", "keras_lrcn", "--help"],
    "keras-lrcn presets": ["-m", "keras_lrcn", "presets"],
    LIMIT: ["-c", LIMIT],
    "import keras_lrcn.models": ["-c", "import keras_lrcn.models"],
    "keras-lrcn caption PHOTO": ["-m", "keras_lrcn", "caption", "PHOTO"],
}


def measure(arguments):
    """Runs Python once.

    Args:
        arguments: list of strings.

    Returns:
        `(cpu, wall)`, seconds of the processor and of the clock.

    Raises:
        RuntimeError: if it fails, with the end of what it said.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments], stdout=said, stderr=said, env=environment
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise RuntimeError(f"{arguments} failed: {said.read()[-500:].decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, wall


def medians(children, runs=7):
    """Measures child processes in turns.

    Args:
        children: dict from a name to the arguments of Python.
        runs: int, how often each runs.

    Returns:
        Dict from name to `(cpu, wall)`, the medians of each.
    """
    taken = {name: [] for name in children}
    for _ in range(runs):
        for name, arguments in children.items():
            taken[name].append(measure(arguments))
    return {
        name: tuple(map(statistics.median, zip(*pairs, strict=True)))
        for name, pairs in taken.items()
    }


def table(results):
    """A markdown table of what `medians` returned."""
    lines = ["| | CPU (s) | wall (s) | CPU / import |", "|---|---|---|---|"]
    for name, (cpu, wall) in results.items():
        lines.append(f"| {name} | {cpu:.3f} | {wall:.3f} | {cpu / results[LIMIT][0]:.3f} |")
    return "\n".join(lines)


def astronaut(folder):
    """Writes scikit-image's photo into a folder; returns its path."""
    try:
        from skimage import data
    except ImportError as error:
        raise SystemExit('Name a --photo, or pip install "keras-lrcn[demo]".') from error
    from PIL import Image

    path = os.path.join(folder, "astronaut.png")
    Image.fromarray(data.astronaut()).save(path)
    return path


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7, help="of each (7)")
    parser.add_argument("--photo", help="(default: scikit-image's astronaut)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = args.photo or astronaut(folder)
        children = {
            name: [photo if argument == "PHOTO" else argument for argument in arguments]
            for name, arguments in CHILDREN.items()
        }
        print(table(medians(children, args.runs)))


if __name__ == "__main__":
    main()
