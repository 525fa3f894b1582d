"""The command line: output formats, resuming, errors, the gallery."""

import argparse
import csv
import html.parser
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import COMMANDS, main, strategies
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.gallery import write_gallery
from keras_lrcn.cli.quiet import without_greetings
from keras_lrcn.cli.records import FORMATS, Record, StoredCaption, resume, to_bytes
from keras_lrcn.data import read_image

RECORDS = [
    Record("a dog.jpg", (StoredCaption("ein Hund läuft", -3.25), StoredCaption("dog", -4.5))),
    Record(
        'odd "name",\nbroken.png', (StoredCaption("a...", -1.0, False), StoredCaption("", -2.0))
    ),
    Record("b/\udcff.jpg", (StoredCaption("two", -0.5), StoredCaption("2, two...", -0.75, False))),
]


def parse(*argv):
    parser = argparse.ArgumentParser()
    strategies.add_options(parser)
    parser.add_argument("--n-best", type=int, default=1)
    return parser.parse_args(argv)


@pytest.fixture(params=FORMATS)
def record_format(request):
    return FORMATS[request.param](num_best=2)


def encoded(record_format):
    return to_bytes(record_format.header + "".join(map(record_format.encode, RECORDS)))


def test_records_come_back_as_they_were_written(record_format, tmp_path):
    path = tmp_path / "out"
    path.write_bytes(encoded(record_format))
    records, file = resume(str(path), record_format)
    file.close()
    assert records == RECORDS


def test_a_file_cut_anywhere_is_completed_without_loss_or_repeat(record_format, tmp_path):
    path, whole = tmp_path / "out", encoded(record_format)
    first = len(to_bytes(record_format.header + record_format.encode(RECORDS[0])))
    for length in [0, *range(first, len(whole) + 1)]:
        path.write_bytes(whole[:length])
        records, file = resume(str(path), record_format)
        with file:
            assert records == RECORDS[: len(records)]
            for record in RECORDS[len(records) :]:
                file.write(to_bytes(record_format.encode(record)))
        assert path.read_bytes() == whole


@pytest.mark.parametrize("content", ["notes\nof mine\n", "a\n\nb\n\n", '{"id": 1}\n', "x,y\n1,2\n"])
def test_a_foreign_file_is_refused_and_left_alone(record_format, content, tmp_path):
    path = tmp_path / "out"
    path.write_text(content)
    with pytest.raises(CommandError, match="not the beginning of this output"):
        resume(str(path), record_format)
    assert path.read_text() == content


def test_jsonl_lines_have_the_promised_keys():
    row = json.loads(FORMATS["jsonl"](1).encode(RECORDS[0]))
    assert row == {
        "image": "a dog.jpg",
        "caption": "ein Hund läuft",
        "score": -3.25,
        "finished": True,
    }
    captions = json.loads(FORMATS["jsonl"](2).encode(RECORDS[0]))["captions"]
    assert [(c["caption"], c["score"]) for c in captions] == [
        ("ein Hund läuft", -3.25),
        ("dog", -4.5),
    ]


def test_csv_has_a_header_and_one_row_an_image():
    text = encoded(FORMATS["csv"](2)).decode("utf-8", "surrogateescape")
    header, *rows = csv.reader(text.splitlines(keepends=True))
    assert header[:4] == ["image", "caption", "score", "finished"] and len(header) == 7
    assert [row[0] for row in rows] == [record.image for record in RECORDS]


@pytest.mark.parametrize("command", [(), *((c.__name__.rpartition(".")[2],) for c in COMMANDS)])
def test_help_needs_no_third_party_import(command):
    code = (
        "import sys; from keras_lrcn.cli import main\n"
        f"try: main([*{command!r}, '--help'])\n"
        "except SystemExit: print(sorted({'numpy', 'keras', 'tqdm', 'PIL'} & sys.modules.keys()))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert printed.endswith("\n[]\n")
    assert not command or "examples:" in printed


def test_an_option_that_the_strategy_ignores_is_an_error():
    with pytest.raises(CommandError, match="--temperature means nothing to --strategy beam"):
        strategies.check(parse("--temperature", "0.5"))


@pytest.mark.parametrize(
    "options", [("--strategy", "greedy"), ("--num-beams", "5"), ("--strategy", "best_of_n")]
)
def test_more_captions_than_a_strategy_finds_are_an_error(options):
    with pytest.raises(CommandError, match="--n-best"):
        strategies.check(parse("--n-best", "101", *options))


def test_paths_that_are_not_there_and_empty_folders_are_errors_of_use(tmp_path, capsys):
    assert main(["caption", str(tmp_path / "missing.jpg")]) == 2
    assert main(["caption", str(tmp_path)]) == 2
    assert "no images below" in capsys.readouterr().err


def test_a_missing_folder_for_the_output_is_an_error_before_the_work(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"")
    for option in ("--output", "--gallery"):
        assert main(["caption", str(tmp_path), option, str(tmp_path / "no" / "file")]) == 2
        assert "there is no folder" in capsys.readouterr().err


class Page(html.parser.HTMLParser):
    """Collects tags and text; `HTMLParser` itself checks nothing, so neither does this."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def gallery(tmp_path, *records):
    path = tmp_path / "page.html"
    pixels = np.full((900, 1200, 3), 128, "uint8")
    write_gallery(str(path), list(records), "A <title>", lambda path: pixels)
    return path.read_text(encoding="utf-8")


def test_the_gallery_needs_no_other_file_and_no_network(tmp_path):
    page = Page(gallery(tmp_path, *RECORDS))
    sources = [v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href")]
    assert len(sources) == len(RECORDS)
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)


def test_the_gallery_escapes_names_and_words(tmp_path):
    odd = Record("<b>&.jpg", (StoredCaption('<script>"x"', -1.0, True, ("<script>",), (-1.0,)),))
    page = Page(gallery(tmp_path, odd))
    assert "<b>&.jpg" in page.text and "<script>" in page.text and "A <title>" in page.text
    assert "script" not in dict(page.tags) and "b" not in dict(page.tags)


def test_the_gallery_outlives_a_picture_that_has_gone(tmp_path):
    page = tmp_path / "page.html"
    write_gallery(str(page), [Record("gone.jpg", RECORDS[0].captions)], "Gone", read_image)
    assert "ein Hund läuft" in page.read_text(encoding="utf-8")


def test_the_gallery_shades_words_by_their_probability(tmp_path):
    words, scores = ("sure", "doubtful", "wild"), np.log([0.9, 0.2, 0.001])
    record = Record("a.jpg", (StoredCaption("sure doubtful wild", -1, True, words, scores),))
    shades = re.findall(r"--doubt\), ([\d.]+)\)\" title", gallery(tmp_path, record))
    assert float(shades[0]) == 0 < float(shades[1]) < float(shades[2]) == 0.5


def test_greetings_are_held_back_and_all_else_is_let_through(capfd):
    with without_greetings():
        for line in (b"I0000 00:00:17 oneDNN is on\n", b"W0000 memory is low\n", b"a warning\n"):
            os.write(2, line)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "W0000 memory is low\na warning\nafter\n"


@pytest.fixture
def pets(tmp_path):
    """A csv of three captions; the third's image is no image."""
    for name in ("cat.png", "dog.png"):
        Image.fromarray(np.full((8, 8, 3), len(name) + ord(name[0]), "uint8")).save(tmp_path / name)
    (tmp_path / "owl.png").write_text("<html>not found</html>")
    path = tmp_path / "pets.csv"
    path.write_text("image,caption\ncat.png,a cat\ndog.png,a dog\nowl.png,an owl\n")
    return path


def test_check_names_what_is_wrong_and_exits_with_1(pets, capsys):
    assert main(["check", str(pets)]) == 1
    assert "owl.png" in capsys.readouterr().out


def test_check_of_a_sound_set_exits_with_0_and_speaks_json(pets, capsys):
    pets.write_text("".join(pets.read_text().splitlines(keepends=True)[:-1]))
    assert main(["check", str(pets), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["num_images"] == 2


def test_check_of_nothing_is_an_error_of_use(tmp_path, capsys):
    assert main(["check", str(tmp_path / "missing.csv")]) == 2
    assert "missing.csv" in capsys.readouterr().err
