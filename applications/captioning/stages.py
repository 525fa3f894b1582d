"""What each stage of `train.py` learns, and how."""

import json

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

import keras_lrcn
from applications.captioning import datasets
from keras_lrcn.metrics import CiderD, sentence_bleu4, tokenize_ptb
from keras_lrcn.self_critical import SelfCritical

CUT = "block3b_"  # the CNN up to here stays as ImageNet left it
SHORT = 16  # words in training batches: most captions fit, and steps are a fifth cheaper


def optimizer(peak, steps, clip=5.0, weight_decay=1e-4, rates=None, warmup=100):
    schedule = keras.optimizers.schedules.CosineDecay(
        peak / 10, steps, alpha=0.02, warmup_target=peak, warmup_steps=warmup
    )
    return keras_lrcn.RatedAdamW(
        schedule, weight_decay=weight_decay, global_clipnorm=clip, rates=rates
    )


def train_language(run, folder, epochs):
    """The stack as a language model: Flickr30k's sentences and the training captions."""
    sentences = datasets.read_sentences(f"{run.data}/flickr30k_captions") + run.captions
    ids = datasets.caption_ids(sentences, run.tokenizer, SHORT)
    batch = run.experiment.batch_size
    model = run.captioner.on_features()
    steps = len(ids) // batch * epochs
    model.compile(optimizer(1.5e-3, steps), keras_lrcn.CaptionLoss(), jit_compile=False)
    width = model.input["visual"].shape[-1]

    def data(epoch):
        return datasets.language_batches(ids, width, batch, run.seed + epoch)

    keras_lrcn.fit_resumable(model, data, epochs, folder, verbose=2)


def train_frozen(run, folder, epochs):
    """Captions on cached features: the CNN is frozen."""
    features, dev = run.stored_features(f"{run.shared}/imagenet_features.npz")
    ids = datasets.caption_ids(run.captions, run.tokenizer, SHORT)
    batch = run.experiment.batch_size
    model = run.captioner.on_features()
    steps = len(ids) // batch * epochs
    loss = keras_lrcn.CaptionLoss(run.experiment.label_smoothing)
    model.compile(optimizer(1e-3, steps), loss, jit_compile=False)

    def data(epoch):
        seed = run.seed * 1000 + epoch
        return datasets.feature_batches(features, run.photo, ids, run.unmirrored, batch, seed)

    def score(epoch, logs):
        return _report(run.dev_scores(dev))

    keras_lrcn.fit_resumable(model, data, epochs, folder, score, verbose=2)


def finetune_model(run):
    """Activations of a photo and its captions -> word logits."""
    activations = keras.Input(run.cnn.get_layer(CUT).output.shape[1:], name="visual")
    words = keras.Input((5, SHORT), dtype="int32", name="token_ids")
    mask = keras.Input((5, SHORT), dtype="int32", name="padding_mask")
    visual = run.captioner.backbone.visual_encoder.project(run.upper()(activations))
    visual = ops.repeat(visual, 5, axis=0)
    hidden = run.captioner.backbone.describe(visual, ops.reshape(words, (-1, SHORT)))
    logits = ops.reshape(
        run.captioner.predict_words(hidden), (-1, 5, SHORT, run.tokenizer.vocabulary_size())
    )
    inputs = {"visual": activations, "token_ids": words, "padding_mask": mask}
    return keras.Model(inputs, logits)


def freeze_normalization(layer):
    for inner in layer._flatten_layers():
        if isinstance(inner, keras.layers.BatchNormalization):
            inner.trainable = False


def train_finetune(run, folder, epochs):
    """The upper CNN learns too; the lower CNN and its normalization stay."""
    train = [np.array(a) for a in run.activations("train")]
    ids = datasets.caption_ids(run.captions, run.tokenizer, SHORT).reshape(len(train[0]), 5, -1)
    unmirrored = run.unmirrored.reshape(-1, 5).any(axis=1)
    freeze_normalization(run.cnn)
    model, batch = finetune_model(run), 32
    steps = len(ids) // batch * epochs
    rates = {r"^(stem|block|top)": 0.15}
    model.compile(
        optimizer(6e-4, steps, rates=rates),
        keras_lrcn.CaptionLoss(run.experiment.label_smoothing),
        jit_compile=False,
    )

    def data(epoch):
        seed = run.seed * 1000 + epoch
        return datasets.photo_batches(train, ids, unmirrored, batch, seed)

    def score(epoch, logs):
        return _report(run.dev_scores(run.features("dev", ("plain",))[0]))

    keras_lrcn.fit_resumable(model, data, epochs, folder, score, verbose=2)


def train_self_critical(run, folder, epochs, rate=5e-4, bleu_share=0.2):
    """Sampled captions rewarded by CIDEr-D and a share of BLEU-4; the CNN is as it was tuned.

    The model knows these photos too well by now, so they are blurred: as augmentation, before
    captions are drawn, for inside the model dropout would make the policy another than the
    sampler's.
    """
    features, dev = run.stored_features(f"{run.folder}/finetuned_features.npz")
    names = [e.image_id for e in run.examples["train"]]
    # With <eos> as a word, captions that break off ("a dog in the") earn less.
    words = {e.image_id: [tokenize_ptb(c) for c in e.captions] for e in run.examples["train"]}
    cider = CiderD({name: [c + ["<eos>"] for c in words[name]] for name in names})

    def reward(rows, captions):
        bleu = [
            sentence_bleu4(c[:-1], words[names[r]]) for r, c in zip(rows, captions, strict=True)
        ]
        return cider.scores([names[r] for r in rows], captions) + bleu_share * np.array(bleu)

    student = run.build(dropout=0.0)
    _copy_weights(run.captioner, student)
    steps = len(names) // 32 * epochs
    stage = SelfCritical(
        student, reward, optimizer(rate, steps, weight_decay=0.0), max_length=SHORT
    )
    unmirrored = run.unmirrored.reshape(-1, 5).any(axis=1)

    def train_epoch(epoch):
        rng = np.random.default_rng(run.seed * 1000 + epoch)
        visual = datasets.blurred_views(features, unmirrored, rng)
        return stage.train_epoch(visual, seed=epoch, progress=tqdm)

    def score(epoch, logs):
        _copy_weights(student, run.captioner)
        return _report(run.dev_scores(dev))

    keras_lrcn.run_resumable(stage.model, train_epoch, epochs, folder, score)
    _copy_weights(student, run.captioner)


def train_fluency(run, folder, epochs):
    """The same with more of BLEU-4; then the mean of the weights after the last three stages.

    CIDEr-D alone is content with "a man and a woman is", which the tuned weights never write.
    """
    train_self_critical(run, folder, epochs, rate=1.5e-4, bleu_share=1.0)
    stages = [run.captioner.get_weights()]
    for stage in ("finetune", "self_critical"):
        run.captioner.load_weights(run.weights(stage))
        stages.append(run.captioner.get_weights())
    run.captioner.set_weights([sum(same) / len(same) for same in zip(*stages, strict=True)])


def _copy_weights(source, target):
    target.set_weights(source.get_weights())  # seeds apart, whatever is frozen


def _report(scores):
    print("  dev, greedy:", json.dumps(scores), flush=True)
    return scores


TRAIN = {
    "language": train_language,
    "frozen": train_frozen,
    "finetune": train_finetune,
    "self_critical": train_self_critical,
    "fluency": train_fluency,
}
