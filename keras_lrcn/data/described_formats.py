"""Which of the known sets of described videos or tuples a folder or file is, and its reader."""

import pathlib

from keras_lrcn.data.charades import CLASSES_FILE, read_charades
from keras_lrcn.data.descriptions_file import read_descriptions
from keras_lrcn.data.grid_corpus import read_grid
from keras_lrcn.data.msr_vtt import read_msr_vtt
from keras_lrcn.data.text_files import read_json


def read_described_dataset(path, videos=None, split=None):
    """Reads described videos or semantic tuples of any known format.

    Args:
        path: folder of Charades (with `Charades_v1_classes.txt`) or of a speaker of GRID (videos
            and `align/`), a json of MSR-VTT, or a csv, json or json lines of one's own, see
            `read_descriptions`.
        videos: folder of the videos; by default where the format has them.
        split: of Charades `"train"` or `"test"`, of MSR-VTT also `"val"` or `"all"`; by default
            the test half. Other formats have no splits.

    Returns:
        List of `DescribedVideo`.

    Raises:
        FileNotFoundError: there is nothing at `path`, or nothing that is known.
        ValueError: a split that the format does not have, or what its reader says.

    Example:
    ```python
    examples = read_described_dataset("charades", split="train")
    ```
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No file or folder {str(path)!r}.")
    if (path / CLASSES_FILE).is_file():
        return read_charades(path, split or _charades_split(path), videos)
    if path.is_file() and _is_msr_vtt(path):
        return read_msr_vtt(path, split or "test", videos)
    if split is not None:
        raise ValueError(
            f"{path} has no splits; Charades and MSR-VTT have. Received: split={split!r}."
        )
    if path.is_file():
        return read_descriptions(path, videos)
    if (path / "align").is_dir():
        return read_grid(path, videos)
    raise FileNotFoundError(
        f"No descriptions known in the folder {str(path)!r}: neither `{CLASSES_FILE}` (Charades) "
        "nor `align/` (GRID). Name the file of descriptions itself: a csv, json or json lines."
    )


def _charades_split(folder):
    if not (folder / "Charades_v1_test.csv").is_file():
        raise FileNotFoundError(
            f'No Charades_v1_test.csv, the default split, in {folder}: is it `split="train"`?'
        )
    return "test"


def _is_msr_vtt(path):
    content = read_json(path) if path.suffix.lower() == ".json" else None
    return isinstance(content, dict) and "sentences" in content
