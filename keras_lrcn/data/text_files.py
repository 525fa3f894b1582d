"""Text and JSON as data sets ship them: UTF-8, now and then with a byte order mark or CR LF."""

import json
import pathlib


def read_text(path):
    """Reads a UTF-8 file, with or without a byte order mark, line ends untouched.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the bytes are not UTF-8; the message has the line.
    """
    data = pathlib.Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: must be UTF-8. Received: byte {data[error.start]:#04x}. "
            "Save the file as UTF-8, or convert it with `iconv -f latin1 -t utf-8`."
        ) from error


def read_lines(path):
    """Lines of a UTF-8 file, ended by LF or CR LF only: captions may hold U+2028 and its kind."""
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def read_names(path):
    """Reads a split list: one image name a line; empty lines and outer blanks do not count."""
    return [name for line in read_lines(path) if (name := line.strip())]


def read_json(path):
    """Reads a JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON; the message has file and place.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not a JSON file, or not a whole one ({error}).") from error


def find_image_folder(folder, names):
    """The first folder of `names` that exists in `folder`, else the first of them."""
    found = [folder / name for name in names if (folder / name).is_dir()]
    return found[0] if found else folder / names[0]
