"""Writes the golden files of this folder with pycocoevalcap 1.2 and Java; run it to renew them.

`lines.json` is written by hand: text that probes one rule of the tokenizer each. `tokens.json` is
what the real tokenizer makes of every line, and `scores.json` the real scores of
`awkward.make_awkward_set()`. Last made with CoreNLP 3.4.1, METEOR 1.5 and OpenJDK 17.0.15.
"""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

import awkward  # noqa: E402
import coco_caption  # noqa: E402


def main():
    lines = json.loads((FOLDER / "lines.json").read_text())
    # A line of its own after each, so that no line is read together with the next.
    rows = [text for line in lines for text in (line, "a dog")]
    tokens = coco_caption.tokenize({0: rows})[0][::2]
    save("tokens.json", tokens)
    references, candidates = awkward.make_awkward_set()
    corpus, images = coco_caption.evaluate(references, candidates, meteor=True)
    rows = [[round(score, 10) for score in scores.values()] for scores in images.values()]
    save("scores.json", [corpus, *rows])


def save(name, rows):
    text = ",\n".join(json.dumps(row) for row in rows)
    (FOLDER / name).write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
