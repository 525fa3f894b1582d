"""The networks of the paper, and of two that go on from it, by the names of their presets.

A name is layers and variant, encoder, data set. What is shipped in the package is not here.
"""

import dataclasses

CAPTION_PAGE = "http://jeffdonahue.com/lrcn"
CAPTION_MIRROR = "http://www.cs.uwyo.edu/~anguyen8/share"
WORDS_PAGE = "https://github.com/Evolving-AI-Lab/ppgn (misc/vocabulary.txt)"
VIDEO_PAGE = "https://people.eecs.berkeley.edu/~lisa_anne/LRCN_video"
S2VT_PAGE = "https://github.com/vsubhashini/caffe/tree/recurrent/examples/s2vt"
VGG_PAGE = "https://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe"
TRAINED_YOURSELF = "YOUR_SNAPSHOT.caffemodel"

CNN_TERMS = {"caffenet": "CaffeNet: unrestricted use", "vgg": "VGG-16: CC BY 4.0"}
DATA_TERMS = {
    "coco": "COCO captions: CC BY 4.0, its photos: Flickr's terms",
    "flickr30k": "Flickr30k: non-commercial research and education",
    "ucf101": "UCF101: research use",
    "msvd": "MSVD: research use",
    "tacos": "TACoS Multilevel: research use",
}
DATA_NAMES = {"coco": "COCO 2014", "flickr30k": "Flickr30k"}
CNN_NAMES = {"caffenet": "CaffeNet", "vgg": "VGG-16"}
VARIANTS = {"1u": "one layer", "2u": "two layers, unfactored", "2f": "two layers, factored"}


@dataclasses.dataclass(frozen=True)
class KnownPreset:
    """A network that has weights somewhere, or can have them.

    Args:
        task: str, the class that loads it.
        description: str, one sentence.
        paper: str, the row that it answers.
        params: int, its parameters; `None` where they hang on words that nobody has listed.
        origin: str, who trained it, or that nobody has published weights.
        licence: str, the terms of what it was trained on.
        files: dict from an option of `python -m hub.convert` to `(file, where it is)`; empty
            where no Caffe file can hold the network.
        streams: names of the two presets that a two-stream network joins.
        recipe: str, the folder of the recipe that trains such a network.
    """

    task: str
    description: str
    paper: str
    params: int | None
    origin: str
    licence: str
    files: dict = dataclasses.field(default_factory=dict)
    streams: tuple = ()
    recipe: str = ""

    @property
    def convertible(self):
        """Whether `hub.convert` makes it from files."""
        return bool(self.files or self.streams)

    def steps(self, name):
        """What to do to have the weights, as lines of text."""
        if self.streams:
            return [*_stream_steps(self.streams), _join_command(name, self.streams)]
        if self.files:
            return [*_download_steps(self.files), convert_command(name, self.files)]
        return [f"Train it on your data: {self.recipe}/README.md has the recipe."]


def convert_command(name, files):
    """The command that converts `files`, a dict from option to `(file, where it is)`."""
    options = " ".join(f"--{option} {file}" for option, (file, _) in files.items())
    return f"python -m hub.convert {name} {options} --output {name}"


def _download_steps(files):
    return [
        f"Train with the authors' Caffe code, which writes {file}."
        if file == TRAINED_YOURSELF
        else f"Download {file} by hand: {place}"
        for file, place in files.values()
    ]


def _stream_steps(streams):
    return [line for name in streams for line in KNOWN[name].steps(name)]


def _join_command(name, streams):
    rgb, flow = (f"keras_lrcn.LRCNActivity.from_preset('./{stream}')" for stream in streams)
    return (
        f'python -c "import keras_lrcn; keras_lrcn.TwoStream.from_streams({rgb}, {flow})'
        f".save_to_preset('{name}')\""
    )


# Caffe's files have 8,801 words, word 0 both starts and ends a sentence; we have 8,803 tokens.
COCO_PARAMS = {
    "lrcn1u_caffenet": 90_584_027,
    "lrcn2u_caffenet": 98_588_027,
    "lrcn2f_caffenet": 98_588_027,
    "lrcn1u_vgg": 167_976_347,
    "lrcn2u_vgg": 175_980_347,
    "lrcn2f_vgg": 175_980_347,
    "rnn2f_caffenet": 85_584_027,
    "rnn2f_vgg": 162_976_347,
}
# The files that the authors gave out, as others name them.
COCO_FILES = {
    "lrcn2f_caffenet_coco": ("lrcn_caffenet_iter_110000.caffemodel", CAPTION_MIRROR),
    "lrcn2f_caffenet_coco_finetuned": (
        "lrcn_caffenet_finetune_iter_100000.caffemodel",
        CAPTION_PAGE,
    ),
    "lrcn2f_vgg_coco": ("lrcn_vgg_iter_110000.caffemodel", CAPTION_PAGE),
}


def _captioner(stem, data, finetuned=False):
    """`(name, KnownPreset)` of a captioner; `stem` is variant and CNN."""
    variant, cnn = stem.split("_")
    name = f"{stem}_{data}" + "_finetuned" * finetuned
    file = COCO_FILES.get(name, (TRAINED_YOURSELF, ""))
    words = ("vocabulary.txt", WORDS_PAGE if data == "coco" else "the list that its training wrote")
    released = file[0] != TRAINED_YOURSELF
    cell = "simple RNN, " if variant.startswith("rnn") else ""
    description = (
        f"Describes a photo in a sentence: LRCN, {cell}{VARIANTS[variant[-2:]]}, on "
        f"{CNN_NAMES[cnn]}'s fc8{', fine-tuned' if finetuned else ', frozen below it'}; "
        f"{DATA_NAMES[data]}."
    )
    return name, KnownPreset(
        task="LRCNCaptioner",
        description=description,
        paper=_caption_row(variant, cnn, data, finetuned),
        params=COCO_PARAMS[stem] if data == "coco" else None,
        origin=f"the authors' {file[0]}" if released else "no weights published by anybody",
        licence="not stated by the authors; "
        + "; ".join((CNN_TERMS[cnn], DATA_TERMS[data]))
        + ("" if cnn == "vgg" else "; ImageNet: research use"),
        files={"caffemodel": file, "vocabulary": words},
    )


def _caption_row(variant, cnn, data, finetuned):
    tables = "Tables 5 and 6" if data == "coco" else "Table 4"
    model = f"{variant[:-2].upper()}-{variant[-2:]}{', fine-tuned' * finetuned}"
    return f"{tables}, {CNN_NAMES[cnn]}, {model}"


HYBRID = "the authors' hybrid of CaffeNet and Zeiler-Fergus"
ACTIVITY_TERMS = f"not stated by the authors; {DATA_TERMS['ucf101']}; ImageNet: research use"


def _activity(variant, modality, file, params):
    """`(name, KnownPreset)` of one stream of UCF101, split 1."""
    seen = "frames" if modality == "rgb" else "images of optical flow"
    what = "LRCN, one layer of 256 on fc6" if variant == "lrcn" else "single frames, fc7"
    row = "LRCN-fc6" if variant == "lrcn" else "single frame"
    shown = "RGB" if modality == "rgb" else "flow"
    return f"{variant}_{modality}_hybrid_ucf101", KnownPreset(
        task="LRCNActivity",
        description=f"Names one of 101 actions from {seen}: {what} of {HYBRID}; UCF101, split 1.",
        paper=f"Table 1, {row}, {shown}",
        params=params,
        origin=f"the authors' {file}",
        licence=ACTIVITY_TERMS,
        files={"caffemodel": (file, f"{VIDEO_PAGE}_weights.html")},
    )


def _two_stream(variant, params):
    """`(name, KnownPreset)` of both streams, a third RGB and two thirds flow."""
    row = "LRCN-fc6" if variant == "lrcn" else "single frame"
    streams = tuple(f"{variant}_{modality}_hybrid_ucf101" for modality in ("rgb", "flow"))
    return f"{variant}_two_stream_hybrid_ucf101", KnownPreset(
        task="TwoStream",
        description=f"Names one of 101 actions from frames and optical flow, fused late ({row}); "
        "UCF101, split 1.",
        paper=f"Table 1, {row}, 1/3 RGB and 2/3 flow",
        params=params,
        origin="the authors' two networks",
        licence=ACTIVITY_TERMS,
        streams=streams,
    )


def _tacos(variant, what, row):
    """`(name, KnownPreset)` of a describer of TACoS Multilevel's tuples."""
    return f"lrcn2u_{variant}_tacos", KnownPreset(
        task="LRCNVideoDescriber",
        description=f"Describes a cooking video in a sentence from what a CRF recognised: {what}.",
        paper=f"Table 9, {row}; Fig. 5",
        params=None,
        origin="no weights, and no CRF predictions, published by anybody",
        licence=DATA_TERMS["tacos"],
        recipe="applications/video_description",
    )


def _msvd(variant, description, paper, params, file, words):
    """`(name, KnownPreset)` of a describer of MSVD's videos by Venugopalan et al."""
    return f"{variant}_vgg_msvd", KnownPreset(
        task="LRCNVideoDescriber",
        description=description,
        paper=paper,
        params=params,
        origin="no weights published by anybody"
        if file == TRAINED_YOURSELF
        else f"Venugopalan et al.: {file}",
        licence=f"not stated by the authors; {CNN_TERMS['vgg']}; {DATA_TERMS['msvd']}",
        files={
            "caffemodel": (file, S2VT_PAGE),
            "cnn": ("VGG_ILSVRC_16_layers.caffemodel", VGG_PAGE),
            "vocabulary": (words, S2VT_PAGE),
        },
    )


KNOWN = dict(
    [
        *[
            _captioner(f"lrcn{variant}_{cnn}", data)
            for data in ("coco", "flickr30k")
            for cnn in ("caffenet", "vgg")
            for variant in ("1u", "2u", "2f")
        ],
        *[_captioner(f"lrcn2f_{cnn}", "coco", finetuned=True) for cnn in ("caffenet", "vgg")],
        *[_captioner(f"rnn2f_{cnn}", "coco") for cnn in ("caffenet", "vgg")],
        _activity("single", "rgb", "single_frame_all_layers_hyb_RGB_iter_5000", 78_132_965),
        _activity("single", "flow", "single_frame_all_layers_hyb_flow_iter_50000", 78_132_965),
        _two_stream("single", 156_265_930),
        _activity("lrcn", "rgb", "RGB_lstm_model_iter_30000.caffemodel", 65_421_285),
        _activity("lrcn", "flow", "flow_lstm_model_iter_50000.caffemodel", 65_421_285),
        _two_stream("lrcn", 130_842_570),
        _tacos(
            "sequence",
            "an LSTM reads the likeliest words one by one, another writes",
            "LSTM Encoder-Decoder, CRF max (a)",
        ),
        _tacos("crfmax", "the likeliest words at every step", "LSTM Decoder, CRF max (b)"),
        _tacos("crfprob", "the probabilities of all words", "LSTM Decoder, CRF prob (c)"),
        _msvd(
            "s2vt",
            "Describes a video in a sentence: S2VT, two layers of 1000 that read frames and then "
            "write, on VGG-16's fc7; MSVD.",
            "Sec. 6, outlook: Venugopalan et al., ICCV 2015, RGB (VGG)",
            233_626_214,
            "s2s_vgg_pstream_allvocab_fac2_iter_16000.caffemodel",
            "yt_coco_mvad_mpiimd_vocabulary.txt",
        ),
        _msvd(
            "meanpool",
            "Describes a video in a sentence: LRCN, two layers, factored, on the mean over frames "
            "of VGG-16's fc7; MSVD.",
            "Sec. 6, outlook: Venugopalan et al., NAACL 2015, VGG",
            191_857_140,
            TRAINED_YOURSELF,
            "vocabulary.txt",
        ),
    ]
)
