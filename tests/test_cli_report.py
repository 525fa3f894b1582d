"""`--report`: one file, no network, the worst and the best with what the numbers are."""

import json
import pathlib
import re

import numpy as np
import pytest
from PIL import Image
from test_cli import Page

from keras_lrcn.cli import main
from keras_lrcn.cli.report import Case, worst_and_best, write_report


def page_of(path):
    return Page(pathlib.Path(path).read_text("utf-8"))


def sources(page):
    return [v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href")]


@pytest.fixture
def photos(tmp_path):
    """A csv of six images with two captions each."""
    lines = ["image,caption"]
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        lines += [f"{number}.png,a dog runs {number} <b>", f"{number}.png,the dog"]
    path = tmp_path / "captions.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def results(photos, sentences):
    path = photos.with_name("results.jsonl")
    rows = [{"image": f"{i}.png", "caption": text} for i, text in enumerate(sentences)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


SENTENCES = ["a dog runs 0 <b>", "a dog", "a cat", "the cat <script>", "", "a dog runs 5 b"]


def test_captions_are_shown_with_references_worst_and_best_first(photos, tmp_path, capsys):
    files = ["--references", str(photos), "--results", results(photos, SENTENCES)]
    options = ["--no-meteor", "--bootstrap", "10", "--report", str(tmp_path / "page.html")]
    assert main(["evaluate", "captions", *files, *options]) == 0
    page = page_of(tmp_path / "page.html")
    assert len(sources(page)) == 6
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources(page))
    assert "script" not in dict(page.tags) and "b" not in dict(page.tags)
    worst, best = page.text.index("Worst first"), page.text.index("Best first")
    assert worst < page.text.index("a cat") < best < page.text.index("a dog runs 0 <b>")
    assert "(no words)" in page.text
    assert "the cat <script>" in page.text and "images:6|references:2|" in page.text
    printed = capsys.readouterr().out
    for score in re.findall(r"0\.\d{3}", printed):
        assert score in page.text


def test_words_of_a_model_are_shaded_by_its_scores(photos, tmp_path, tiny_preset, capsys):
    import keras_lrcn

    files = ["--references", str(photos), "--preset", tiny_preset, "--no-meteor"]
    output = ["--output", str(tmp_path / "captions.jsonl"), "--report", str(tmp_path / "page.html")]
    assert main(["evaluate", "captions", *files, *output, "--json"]) == 0
    assert "per_image" not in json.loads(capsys.readouterr().out)
    rows = [json.loads(line) for line in (tmp_path / "captions.jsonl").read_text().splitlines()]
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    scores = captioner.score([r["image"] for r in rows], [r["caption"] for r in rows], True)
    page = (tmp_path / "page.html").read_text()
    expected = sorted(f"{np.exp(s):.1%}" for words in scores for s in words[:-1])
    assert sorted(re.findall(r'--doubt\), [\d.]+\)" title="([\d.]+%)"', page)) == expected


def test_a_model_goes_on_where_its_output_ends(photos, tmp_path, tiny_preset, capsys, monkeypatch):
    from keras_lrcn.cli import captioning

    files = ["--references", str(photos), "--preset", tiny_preset, "--no-meteor", "--json"]
    output = ["--output", str(tmp_path / "captions.jsonl")]
    assert main(["evaluate", "captions", *files, *output, "--limit", "4"]) == 0
    assert len((tmp_path / "captions.jsonl").read_text().splitlines()) == 4
    assert main(["evaluate", "captions", *files, *output]) == 0
    whole = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len((tmp_path / "captions.jsonl").read_text().splitlines()) == 6
    assert main(["evaluate", "captions", *files, "--batch-size", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == whole
    monkeypatch.setattr(captioning.Model, "load", lambda self: pytest.fail("loads the model"))
    assert main(["evaluate", "captions", *files, *output]) == 0


def test_broken_images_count_as_captions_without_words(photos, tiny_preset, tmp_path, capsys):
    from keras_lrcn.metrics import evaluate_captions

    (photos.parent / "3.png").write_text("<html>not found</html>")
    files = ["--data", str(photos), "--preset", tiny_preset, "--no-meteor", "--json"]
    files += ["--folder", str(tmp_path / "run")]
    assert main(["evaluate", "captions", *files]) == 1
    out, err = capsys.readouterr()
    assert "1 of 6 images are broken" in err and "3.png" in err
    rows = [json.loads(line) for line in (tmp_path / "run/captions.jsonl").read_text().splitlines()]
    candidates = {pathlib.Path(row["image"]).name: row["caption"] for row in rows} | {"3.png": ""}
    references = {f"{i}.png": [f"a dog runs {i} <b>", "the dog"] for i in range(6)}
    expected = evaluate_captions(references, candidates, meteor=False)
    scores = json.loads(out)
    assert scores["broken"] == 1 and scores["signature"].endswith("|broken:1,wrong")
    assert [scores[n] for n in ("Bleu_1", "CIDEr")] == [expected[n] for n in ("Bleu_1", "CIDEr")]
    assert main(["evaluate", "captions", *files, "--broken", "omit"]) == 1
    del references["3.png"], candidates["3.png"]
    expected = evaluate_captions(references, candidates, meteor=False)
    assert json.loads(capsys.readouterr().out)["ROUGE_L"] == expected["ROUGE_L"]


def test_mixed_options_are_named(photos, capsys):
    files = ["--data", str(photos), "--preset", "any", "--results", str(photos)]
    assert main(["evaluate", "captions", *files]) == 2
    assert "--results are there already" in capsys.readouterr().err


def test_retrieval_shows_what_comes_first(photos, tmp_path):
    log_p = np.full((6, 12), -9.0)
    log_p[np.repeat(np.arange(6), 2), np.arange(12)] = -1
    log_p[2, 0] = 0  # image 2 prefers a caption of image 0
    np.save(tmp_path / "log_p.npy", log_p)
    files = ["--data", str(photos), "--scores", str(tmp_path / "log_p.npy"), "--raw"]
    assert main(["evaluate", "retrieval", *files, "--report", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    assert text.index("First right caption: 2<") < text.index("First right caption: 1<")
    assert "<td>0.00</td><td>a dog runs 0 &lt;b&gt;</td>" in text
    assert "<td>−1.00</td><td><b>a dog runs 2 &lt;b&gt;</b></td>" in text


def test_activities_show_who_was_taken_for_whom(tmp_path):
    (tmp_path / "test.csv").write_text("video,label\na.avi,Run\nb.avi,Sit\n")
    rows = [{"video": v, "probabilities": {"Run": 0.75, "Sit": 0.25}} for v in ("a", "b")]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = ["--references", str(tmp_path / "test.csv"), "--results", str(tmp_path / "r.jsonl")]
    assert main(["evaluate", "activity", *files, "--report", str(tmp_path / "page.html")]) == 0
    page = page_of(tmp_path / "page.html")
    assert [source[:22] for source in sources(page)] == ["data:image/png;base64,"]
    assert page.text.index("right: Sit") < page.text.index("right: Run")


def test_descriptions_show_their_errors(tmp_path):
    (tmp_path / "references.csv").write_text("video,caption\na,set red now\nb,set blue now\n")
    (tmp_path / "results.csv").write_text("video,caption\na,set red now\nb,set red\n")
    files = ["--references", str(tmp_path / "references.csv")]
    files += ["--results", str(tmp_path / "results.csv"), "--no-meteor"]
    assert main(["evaluate", "description", *files, "--report", str(tmp_path / "page.html")]) == 0
    text = page_of(tmp_path / "page.html").text
    assert text.index("WER 0.67 · 1 replaced · 1 missing · b") < text.index("WER 0.00 · exact · a")


@pytest.mark.parametrize("kind", ["captions", "retrieval", "activity", "description"])
def test_a_missing_folder_for_the_report_is_an_error_before_the_work(kind, tmp_path, capsys):
    files = ["--data", "x"] if kind == "retrieval" else ["--references", "x", "--results", "y"]
    assert main(["evaluate", kind, *files, "--report", str(tmp_path / "no" / "page.html")]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("number, shown", [(1, (1, 0)), (2, (1, 1)), (5, (3, 2)), (100, (24, 24))])
def test_no_case_is_among_the_worst_and_the_best(number, shown):
    groups = worst_and_best({case: case for case in range(number)})
    worst, best = groups["Worst first"], groups.get("Best first", [])
    assert (len(worst), len(best)) == shown
    assert worst == list(range(shown[0])) and best == list(range(number))[::-1][: shown[1]]


def test_a_report_outlives_a_picture_that_has_gone(tmp_path):
    case = Case(1.0, str(tmp_path / "gone.jpg"), "a dog", "note", [])
    write_report(str(tmp_path / "page.html"), "Gone", {"": {"CIDEr": 1.0}}, "", {"Worst": [case]})
    assert "a dog" in page_of(tmp_path / "page.html").text
