"""The table of networks: all of the paper's, with as many parameters as their shapes say."""

import pytest

import keras_lrcn
from keras_lrcn.known_presets import KNOWN


def test_every_network_of_the_paper_has_a_name():
    wanted = {
        f"lrcn{variant}_{cnn}_{data}"
        for variant in ("1u", "2u", "2f")
        for cnn in ("caffenet", "vgg")
        for data in ("coco", "flickr30k")
    }
    wanted |= {f"lrcn2f_{cnn}_coco_finetuned" for cnn in ("caffenet", "vgg")}
    wanted |= {"rnn2f_caffenet_coco", "s2vt_vgg_msvd", "meanpool_vgg_msvd"}
    wanted |= {
        f"{variant}_{stream}_hybrid_ucf101"
        for variant in ("single", "lrcn")
        for stream in ("rgb", "flow", "two_stream")
    }
    wanted |= {f"lrcn2u_{variant}_tacos" for variant in ("sequence", "crfmax", "crfprob")}
    assert wanted <= KNOWN.keys()


# === Parameters: once more from the shapes of the Caffe files (see `published_nets`), by hand ===
CONVOLUTIONS = {  # (maps, maps that one of them sees, kernel)
    "caffenet": [(96, 3, 11), (256, 48, 5), (384, 256, 3), (384, 192, 3), (256, 192, 3)],
    "hybrid": [(96, 3, 7), (384, 48, 5), (512, 384, 3), (512, 256, 3), (384, 256, 3)],
    "vgg": [(64, 3, 3), (64, 64, 3), (128, 64, 3), (128, 128, 3), (256, 128, 3)]
    + [(256, 256, 3)] * 2
    + [(512, 256, 3)]
    + [(512, 512, 3)] * 5,
}
FLAT = {"caffenet": 6 * 6 * 256, "hybrid": 6 * 6 * 384, "vgg": 7 * 7 * 512}


def dense(*widths):
    return sum((below + 1) * above for below, above in zip(widths, widths[1:], strict=False))


def cnn_params(cnn, *units):
    convolutions = sum(maps * (below * side**2 + 1) for maps, below, side in CONVOLUTIONS[cnn])
    return convolutions + dense(FLAT[cnn], *units)


def lstm(inputs, units=1000):
    return 4 * units * (inputs + units + 1)


def rnn(inputs, units=1000):
    return units * (inputs + units + 1) + dense(units, units)


def captioner_params(name):
    variant, cnn, _ = name.split("_")[:3]
    cell = rnn if variant.startswith("rnn") else lstm
    stacks = {
        "1u": cell(2000),
        "2u": cell(2000) + cell(1000),
        "2f": cell(1000) + cell(2000),
    }
    tokens = 8801 + 2  # <pad> is no word of Caffe's, and <bos> and <eos> are one word there
    return (
        cnn_params(cnn, 4096, 4096, 1000)
        + tokens * 1000
        + stacks[variant[-2:]]
        + dense(1000, tokens)
    )


def activity_params(name):
    variant, stream, *_ = name.split("_")
    if stream == "two":
        return 2 * activity_params(f"{variant}_rgb_hybrid_ucf101")
    if variant == "single":
        return cnn_params("hybrid", 4096, 4096, 101)
    return cnn_params("hybrid", 4096) + lstm(4096, 256) + dense(256, 101)


def describer_params(name):
    features = cnn_params("vgg", 4096, 4096)
    if name.startswith("meanpool"):
        tokens = 12_594 + 2
        stack = lstm(1000) + lstm(1000 + 4096)
        return features + tokens * 1000 + stack + dense(1000, tokens)
    tokens = 46_168 + 2
    reading = dense(4096, 500) + lstm(500) + lstm(1000)
    writing = lstm(0) + lstm(1000 + 500)  # without frames, and the stage in the bias
    return features + reading + writing + tokens * 500 + dense(1000, tokens)


def test_the_shapes_of_the_original_files_are_these():
    assert cnn_params("caffenet", 4096, 4096, 1000) == 60_965_224
    assert cnn_params("vgg", 4096, 4096, 1000) == 138_357_544


@pytest.mark.parametrize("name", [n for n, known in KNOWN.items() if known.params])
def test_parameters_follow_from_the_shapes(name):
    count = {
        "LRCNCaptioner": captioner_params,
        "LRCNActivity": activity_params,
        "TwoStream": activity_params,
        "LRCNVideoDescriber": describer_params,
    }[KNOWN[name].task]
    assert KNOWN[name].params == count(name)


@pytest.mark.slow
def test_networks_of_that_many_parameters_can_be_built():
    def encoder(kind, units):
        cnn = keras_lrcn.CaffeNetBackbone(kind, image_shape=(227, 227, 3))
        return keras_lrcn.ImageEncoder(cnn, "flatten", units=units)

    hybrid = keras_lrcn.LRCNActivityBackbone(encoder("hybrid", [4096]), units=256)
    activity = keras_lrcn.LRCNActivity(hybrid, num_classes=101)
    assert activity.count_params() == KNOWN["lrcn_rgb_hybrid_ucf101"].params
    for name, options in {
        "lrcn2f_caffenet_coco": {},
        "lrcn1u_caffenet_coco": {"num_layers": 1, "factored": False},
        "rnn2f_caffenet_coco": {"cell": "rnn"},
    }.items():
        backbone = keras_lrcn.LRCNCaptionerBackbone(
            8803,
            encoder("caffenet", [4096, 4096, 1000]),
            embedding_dim=1000,
            units=1000,
            **options,
        )
        assert keras_lrcn.LRCNCaptioner(backbone).count_params() == KNOWN[name].params, name
