"""One small data set, written in every format, reads the same everywhere."""

import csv
import gzip
import json

import pytest

from keras_lrcn.data.coco import read_coco_captions
from keras_lrcn.data.flickr30k import read_flickr30k
from keras_lrcn.data.formats import detect_format, read_dataset
from keras_lrcn.data.karpathy import read_karpathy

CAPTIONS = {  # image -> five references
    "11.jpg": [
        "A dog .",
        "एक कुत्ता दौड़ रहा है।",
        "一只狗在跑。",
        'The "dog", again',
        "a dog\u2028runs",
    ],
    "22.jpg": ["A cat .", "Une chatte dort à l'ombre", "猫", "{a: cat}", "[cat] sleeps"],
}


def write_flickr8k(folder):
    lines = [f"{i}#{n}\t{c}\n" for i, five in CAPTIONS.items() for n, c in enumerate(five)]
    (folder / "Flickr8k.token.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def write_flickr30k(folder):
    write_flickr8k(folder).joinpath("Flickr8k.token.txt").rename(folder / "results_20130124.token")
    return folder


def write_multi30k(folder, splits=("train",)):
    for split in splits:
        (folder / f"{split}_images.txt").write_text("".join(f"{i}\n" for i in CAPTIONS))
        for number, lines in enumerate(zip(*CAPTIONS.values(), strict=True), start=1):
            with gzip.open(folder / f"{split}.{number}.en.gz", "wt", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
    return folder


def write_coco(folder):
    images = [{"id": int(i[:2]), "file_name": i} for i in CAPTIONS]
    by_number = zip(*CAPTIONS.values(), strict=True)  # annotations come in no order of images
    annotations = [
        {"image_id": image["id"], "id": n, "caption": caption}
        for n, row in enumerate(by_number)
        for image, caption in zip(images, row, strict=True)
    ]
    return write_json(folder / "some.json", {"images": images, "annotations": annotations})


def write_karpathy(folder, splits=("train", "test"), **more):
    entries = [
        {"filename": i, "split": split, "sentences": [{"raw": c, "tokens": []} for c in five]}
        | {key: values[n] for key, values in more.items()}
        for n, ((i, five), split) in enumerate(zip(CAPTIONS.items(), splits, strict=True))
    ]
    return write_json(folder / "dataset.json", {"images": entries, "dataset": "tiny"})


def write_json(path, content):
    path.write_text(json.dumps(content))
    return path


def write_csv(folder, name="captions.csv", delimiter=",", encoding="utf-8-sig"):
    with open(folder / name, "w", encoding=encoding, newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(["image", "caption"])
        rows.writerows([i, caption] for i, five in CAPTIONS.items() for caption in five)
    return folder / name


def write_jsonl(folder):
    lines = [json.dumps({"image": i, "captions": five}) for i, five in CAPTIONS.items()]
    (folder / "my.jsonl").write_text("\n".join(lines) + "\n\n")
    return folder / "my.jsonl"


def write_json_list(folder):
    entries = [{"file_name": i, "text": c} for i, five in CAPTIONS.items() for c in five]
    return write_json(folder / "my.json", entries)


WRITERS = {
    "flickr8k": write_flickr8k,
    "flickr30k": write_flickr30k,
    "flickr30k (Multi30k)": write_multi30k,
    "coco": write_coco,
    "karpathy": write_karpathy,
    "captions (csv)": write_csv,
    "captions (folder with a csv)": lambda folder: write_csv(folder).parent,
    "captions (semicolons)": lambda folder: write_csv(folder, "my.csv", ";", "utf-8"),
    "captions (tabs)": lambda folder: write_csv(folder, "my.tsv", "\t"),
    "captions (json lines)": write_jsonl,
    "captions (json)": write_json_list,
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("images_there", [True, False])
def test_every_format_is_recognised_and_reads_the_same(tmp_path, kind, images_there):
    if images_there:
        (tmp_path / "images").mkdir()
    path = WRITERS[kind](tmp_path)
    assert detect_format(path) == kind.split()[0]
    examples = read_dataset(path)
    assert [example.path.rpartition("/")[2] for example in examples] == list(CAPTIONS)
    assert [list(example.captions) for example in examples] == list(CAPTIONS.values())
    if images_there:
        assert examples[0].path == str(tmp_path / "images" / "11.jpg")


@pytest.mark.parametrize("kind", WRITERS)
def test_the_image_folder_can_be_said(tmp_path, kind):
    examples = read_dataset(WRITERS[kind](tmp_path), images="elsewhere")
    assert examples[1].path == "elsewhere/22.jpg"


def test_nothing_known_is_said_with_what_is_known(tmp_path):
    with pytest.raises(FileNotFoundError, match="Flickr8k.token.txt.*captions.csv"):
        read_dataset(tmp_path)
    with pytest.raises(FileNotFoundError, match="No file or folder"):
        read_dataset(tmp_path / "gone")


def test_unknown_formats_and_splits_are_refused(tmp_path):
    path = write_csv(tmp_path)
    with pytest.raises(ValueError, match="`format` must be one of .* Received: 'xml'"):
        read_dataset(path, format="xml")
    with pytest.raises(ValueError, match="only `split=\"all\"`. Received: 'train'"):
        read_dataset(path, split="train")


# COCO


def test_coco_ids_choose_and_order_the_images(tmp_path):
    examples = read_coco_captions(write_coco(tmp_path), "val2014", ids=[22, "11"])
    assert [example.image_id for example in examples] == ["22", "11"]
    assert examples[0].path == "val2014/22.jpg"


def test_coco_leaves_images_without_captions_out(tmp_path):
    path = write_coco(tmp_path)
    content = json.loads(path.read_text())
    content["images"].insert(0, {"id": 33, "file_name": "33.jpg"})
    ids = [e.image_id for e in read_coco_captions(write_json(path, content), "images")]
    assert ids == ["11", "22"]


def test_coco_finds_its_images_beside_the_annotations(tmp_path):
    for name in ("annotations", "val2014"):
        (tmp_path / name).mkdir()
    path = write_coco(tmp_path).rename(tmp_path / "annotations" / "captions_val2014.json")
    assert read_dataset(path)[0].path == str(tmp_path / "val2014" / "11.jpg")


def test_an_unknown_coco_id_is_named(tmp_path):
    with pytest.raises(ValueError, match="1 that are not, the first: '44'"):
        read_coco_captions(write_coco(tmp_path), "images", ids=[11, 44])


def test_annotations_of_images_that_are_not_listed_are_refused(tmp_path):
    path = write_coco(tmp_path)
    content = json.loads(path.read_text())
    del content["images"][0]
    with pytest.raises(ValueError, match="1 captioned ids .* the first: '11'"):
        read_coco_captions(write_json(path, content), "images")


@pytest.mark.parametrize(
    "content",
    [{"images": [{"id": 1}]}, {"images": [], "annotations": [{"bbox": [0]}]}, [1, 2]],
)
def test_other_coco_files_are_refused_as_captions(tmp_path, content):
    with pytest.raises(ValueError, match="must be COCO's `captions_"):
        read_coco_captions(write_json(tmp_path / "other.json", content), "images")


# Karpathy


def test_karpathy_splits_join_by_plus(tmp_path):
    path = write_karpathy(tmp_path, ("restval", "train"))
    names = [e.image_id for e in read_karpathy(path, "images", "train+restval")]
    assert names == ["11.jpg", "22.jpg"]
    assert [e.image_id for e in read_karpathy(path, "images", "restval")] == ["11.jpg"]


def test_karpathy_uses_coco_ids_and_folders(tmp_path):
    path = write_karpathy(tmp_path, cocoid=[11, 22], filepath=["val2014", "train2014"])
    examples = read_karpathy(path, "coco", "all")
    assert [e.image_id for e in examples] == ["11", "22"]
    assert [e.path for e in examples] == ["coco/val2014/11.jpg", "coco/train2014/22.jpg"]


def test_karpathy_val_is_also_called_dev(tmp_path):
    path = write_karpathy(tmp_path, ("train", "val"))
    assert [e.image_id for e in read_karpathy(path, "images", "dev")] == ["22.jpg"]


def test_an_unknown_karpathy_split_lists_the_known(tmp_path):
    with pytest.raises(ValueError, match=r"\['test', 'train'\].*Received: 'train\+restval'"):
        read_karpathy(write_karpathy(tmp_path), "images", "train+restval")


def test_coco_captions_are_no_karpathy_json(tmp_path):
    with pytest.raises(ValueError, match="read_coco_captions"):
        read_karpathy(write_coco(tmp_path), "images")


# Flickr30k


def test_flickr30k_dev_is_val_and_test_is_of_2016(tmp_path):
    write_multi30k(tmp_path, ("val", "test_2016"))
    assert read_flickr30k(tmp_path, "dev") == read_flickr30k(tmp_path, "test")
    assert len(read_flickr30k(tmp_path, "all")) == 2  # the same two images in both


def test_flickr30k_entities_lists_split_the_original(tmp_path):
    write_flickr30k(tmp_path)
    (tmp_path / "val.txt").write_text("22\n")
    (only,) = read_flickr30k(tmp_path, "val", images="photos")
    assert (only.image_id, only.path) == ("22.jpg", "photos/22.jpg")
    with pytest.raises(FileNotFoundError, match="`train.txt`.*Entities"):
        read_flickr30k(tmp_path, "train")


def test_unaligned_multi30k_files_are_refused(tmp_path):
    write_multi30k(tmp_path)
    (tmp_path / "train.3.en").write_text("only one line\n")  # goes before the .gz
    with pytest.raises(ValueError, match=r"one line an image, 2.*\[2, 2, 1, 2, 2\]"):
        read_flickr30k(tmp_path)


def test_a_missing_multi30k_file_is_named(tmp_path):
    write_multi30k(tmp_path)
    (tmp_path / "train.4.en.gz").unlink()
    with pytest.raises(FileNotFoundError, match="`train.4.en` or `train.4.en.gz`"):
        read_flickr30k(tmp_path)


def test_flickr30k_refuses_unknown_splits_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="Received: 'restval'"):
        read_flickr30k(tmp_path, "restval")
    with pytest.raises(FileNotFoundError, match="results_20130124.token.*train_images.txt"):
        read_flickr30k(tmp_path, "train")


@pytest.mark.shared
def test_the_real_flickr30k_captions_have_their_published_counts(shared_data):
    counts = [
        len(read_flickr30k(shared_data / "flickr30k_captions", split))
        for split in ("train", "dev", "test")
    ]
    assert counts == [27262, 955, 934]
