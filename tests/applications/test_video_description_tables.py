"""Table 9 from one command: on a kitchen grammar, and on a made folder like TACoS."""

import dataclasses
import json

import pytest

from applications.video_description import kitchen, tables
from applications.video_description.describer_run import DescriberRun
from applications.video_description.tacos import Tacos

TINY = {"units": 8, "embedding_dim": 6, "batch_size": 8, "epochs": 1}


@pytest.fixture
def tacos(tmp_path):
    """A folder like TACoS with a file of tuples: `(folder, file)`."""
    (tmp_path / "tacos").mkdir()
    lines = []
    for seed, (split, count) in enumerate((("train", 30), ("val", 10), ("test", 6))):
        beliefs, sentences = kitchen.draw(count, seed, wrong=0.2)
        times = [[100 * i, 100 * i + 50] for i in range(count)]
        video = {"timestamps": times, "sentences": sentences, "fps": 29.4}
        (tmp_path / "tacos" / f"{split}.json").write_text(json.dumps({f"{split}.avi": video}))
        for (first, last), belief in zip(times, beliefs, strict=True):
            lines.append(json.dumps({"id": f"{split}.avi:{first}-{last}", **belief}))
    (tmp_path / "tuples.jsonl").write_text("\n".join(lines))
    return tmp_path, tmp_path / "tuples.jsonl"


def test_the_words_of_tacos_are_those_of_the_predictions(tacos):
    corpus = Tacos(*tacos)
    assert list(corpus.roles.roles) == ["activity", "location", "object", "tool"]
    assert corpus.roles.roles["activity"] == sorted(kitchen.ACTIVITIES)
    assert (len(corpus.train), len(corpus.held_out)) == (40, 6)
    seen = corpus.observations(None)["predicted"]
    belief = kitchen.draw(6, 2, wrong=0.2)[0][3]["roles"]["activity"]
    assert seen[3, : len(kitchen.ACTIVITIES)] == pytest.approx(
        [belief[word] for word in sorted(kitchen.ACTIVITIES)], abs=1e-6
    )


def test_full_says_that_the_predictions_were_never_released(capsys):
    with pytest.raises(SystemExit):
        tables.main(["--scale", "full", "--data", "DATA"])
    said = capsys.readouterr().err
    assert "never released" in said and '"roles"' in said and "--tuples" in said


@pytest.mark.slow
def test_full_fills_the_table_from_a_folder_like_the_published(tacos, tmp_path, monkeypatch):
    data, file = tacos
    experiments = {
        name: dataclasses.replace(e, **TINY)
        for name, e in tables.SCALES["full"].experiments.items()
    }
    scale = dataclasses.replace(tables.SCALES["full"], experiments=experiments)
    monkeypatch.setitem(tables.SCALES, "full", scale)
    options = f"--table 9 --scale full --data {data} --tuples {file} --work {tmp_path} --seeds 1"
    tables.main(options.split())
    written = (tmp_path / "tables" / "table_9_full.md").read_text()
    assert "28.8" in written and "26.9" in written and "never released" in written
    assert "--tuples FILE --seeds 1" in written
    held = json.loads((tmp_path / "decoder_prob_seed1" / "descriptions_0001.json").read_text())
    assert len(held["predicted"]) == 6


@pytest.mark.slow
def test_in_the_kitchen_the_paper_s_order_holds_and_nothing_is_done_twice(tmp_path, monkeypatch):
    options = ["--table", "9", "--scale", "toy", "--work", str(tmp_path)]
    tables.main(options)
    content = json.loads((tmp_path / "tables" / "table_9_toy.json").read_text())
    a, b, c = (row["measured"]["BLEU-4"] for row in content["rows"][:3])
    assert c["mean"] > b["mean"] + 3 > a["mean"] + 6
    assert c["low"] < c["mean"] < c["high"]
    monkeypatch.setattr(DescriberRun, "fit", lambda self: pytest.fail("trains again"))
    tables.main(options)
