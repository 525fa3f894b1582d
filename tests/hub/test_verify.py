"""The recorded figures: found where Caffe's rules put them, missed where they differ."""

import numpy as np
import pytest
from converted_nets import ConvertedActivity, moving_window
from reference import caffe_tasks
from reference.caffe_net import preprocess, visual_blobs

from hub import verify

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6")


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    return ConvertedActivity(folder, "lrcn_rgb_hybrid_ucf101", "lrcn", "hybrid", "lrcn_rgb")


@pytest.fixture(scope="module")
def recorded(converted):
    """What the authors would have recorded of this network's Caffe file."""
    figures = {}
    for name, kinds in [(n, ("weight", "bias")) for n in LAYERS] + [
        ("lstm1", ("weight", "bias", "recurrent")),
        ("fc8-final", ("weight", "bias")),
    ]:
        for kind, array in zip(kinds, converted.net.arrays(name), strict=True):
            figures[f"{name} {kind}"] = (array.min(), array.max())
    return figures


def differing(figures):
    return [figure.name for figure in figures if not figure.agrees]


def test_the_figures_of_the_right_file_agree(converted, recorded):
    assert recorded.keys() == verify.WEIGHTS.keys()
    figures = verify.weight_figures(converted.task, recorded)
    assert len(figures) == 2 * len(recorded) and not differing(figures)


def test_the_authors_own_figures_are_not_those_of_random_weights(converted):
    assert len(differing(verify.weight_figures(converted.task))) > 15


def test_one_altered_weight_is_noticed(converted, recorded):
    name, (smallest, largest) = "fc6 bias", recorded["fc6 bias"]
    for altered in ((smallest * 1.0001, largest), (smallest, largest * 1.0001)):
        figures = verify.weight_figures(converted.task, {**recorded, name: altered})
        assert len(differing(figures)) == 1 and name in differing(figures)[0]


def test_activations_and_a_clip_are_those_of_caffes_rules(converted):
    frames = moving_window(16)
    middle = frames[:, 6:233, 46:273]
    pixels = preprocess(middle, converted.mean)
    blobs = {"data": pixels[:1]} | visual_blobs("hybrid", converted.net, pixels[:1], "fc6")
    largest = [blobs[name].max() for name in verify.BLOBS]
    assert not differing(verify.activation_figures(converted.task, frames[0], largest))
    assert differing(verify.activation_figures(converted.task, frames[0][:, ::-1], largest))

    logits = caffe_tasks.frame_logits(converted.net, "lrcn", converted.features(middle))
    clip = {"fc8-final": logits, "probabilities": caffe_tasks.softmax(logits)}
    clip = {name: (array.min(), array.max()) for name, array in clip.items()}
    assert not differing(verify.clip_figures(converted.task, frames, clip))
    assert differing(verify.clip_figures(converted.task, frames[::-1], clip))


def test_frames_are_counted_and_measured():
    frames = np.random.default_rng(0).integers(0, 256, (20, 4, 6, 3), "uint8")
    recorded = (20, *(frames[i].astype("float64").mean() for i in (0, 15, 19)))
    assert not differing(verify.frame_figures(frames, recorded))
    assert differing(verify.frame_figures(frames[:-1], recorded)) == [
        "frames",
        "mean of the last frame",
    ]


def test_the_command_tells_which_figures_differ(converted, capsys):
    assert verify.main([str(converted.preset)]) == 1
    out = capsys.readouterr().out
    assert "smallest of conv1 weight" in out and "-0.254581511" in out and "DIFFERS" in out


def test_another_network_is_refused(capsys):
    with pytest.raises(SystemExit) as end:
        verify.main(["lrcn_rgb_small_cnn_motions"])
    assert end.value.code == 2 and "another network" in capsys.readouterr().err
