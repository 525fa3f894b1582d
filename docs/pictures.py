"""Makes the three pictures of the README, in `docs/pictures/`; two minutes on a CPU.

    python docs/pictures.py

A captioned photo: the astronaut Eileen Collins, by NASA, public domain, from scikit-image. A
timeline and a described clip: drawn films (`keras_lrcn.data.motion_video`). The sentences are
whatever the models write. The describer of the third picture is trained here, on such films, as no
shipped one knows them; the film is the first of those that it has not seen.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

import keras_lrcn
from keras_lrcn.data.motions import STEPS, motion_video
from keras_lrcn.timeline import film_strip

FOLDER = pathlib.Path(__file__).parent / "pictures"
CAPTIONER, RECOGNISER = "lrcn2f_efficientnet_lite0_flickr8k", "lrcn_rgb_small_cnn_motions"
INK, GREY, BLUE = (30, 30, 30), (120, 120, 120), (70, 120, 180)
LINE = 23  # pixels from one word to the next
FRAMES_EACH, FILMS, EPOCHS = 12, 2000, 25  # of the films that the describer learns from
HELD_OUT = 100  # films more


def draw_words(draw, caption, left, top):
    """A sentence, and below it each of its words with a bar of its probability."""
    draw.text((left, top), caption.text, INK, ImageFont.load_default(22))
    font = ImageFont.load_default(15)
    draw.text((left, top + 40), f"log p = {caption.score:.2f} nats", GREY, font)
    for row, (word, score) in enumerate(zip(caption.words, caption.word_scores, strict=True)):
        y = top + 72 + LINE * row
        draw.text((left, y), word, INK, font)
        draw.rectangle((left + 100, y + 3, left + 100 + 200 * np.exp(score), y + 15), BLUE)
        draw.text((left + 310, y), f"{np.exp(score):.2f}", GREY, font)


def captioned_photo():
    captioner = keras_lrcn.LRCNCaptioner.from_preset(CAPTIONER)
    photo = skimage.data.astronaut()
    [caption] = captioner.generate(photo, return_details=True)
    picture = Image.new("RGB", (960, 420), "white")
    picture.paste(Image.fromarray(photo).resize((380, 380), Image.LANCZOS), (20, 20))
    draw_words(ImageDraw.Draw(picture), caption, 430, 24)
    return picture


def timeline(path):
    film = motion_video(["right", "down", "left", "up"], frames_each=24, scale=4, seed=2015)
    result = keras_lrcn.LRCNActivity.from_preset(RECOGNISER).classify(film)
    keras_lrcn.write_timeline(result, path, thumbnails=film_strip(film, result.end))


def two_motions(number):
    """Film `number` of all that there are: two motions, and a sentence about them."""
    first, second = np.random.default_rng([7, number]).choice(list(STEPS), 2, replace=False)
    film = motion_video([first, second], FRAMES_EACH, scale=1, seed=[7, number])
    return film, f"a square moves {first} and then {second}"


def features_of(films):
    """What the shipped recogniser's CNN sees of each frame: `(films, time, features)`."""
    recogniser = keras_lrcn.LRCNActivity.from_preset(RECOGNISER)
    pixels = recogniser.preprocessor.convert_frames(np.stack(films))
    frames = pixels.reshape(-1, *pixels.shape[2:])
    features = recogniser.backbone.visual_encoder.predict(frames, batch_size=512, verbose=0)
    return features.reshape(*pixels.shape[:2], -1)


def train_describer(features, sentences):
    """S2VT with temporal attention, over features of frames."""
    words = keras_lrcn.preprocessing.build_vocabulary(sentences, min_count=1)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(words)
    stack = {"units": 96, "num_layers": 1}
    encoder = keras_lrcn.S2VTEncoder(
        frame_shape=features.shape[2:], embedding_dim=None, attention=True, **stack
    )
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        tokenizer.vocabulary_size(), encoder, embedding_dim=32, **stack
    )
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(tokenizer, sequence_length=10)
    describer = keras_lrcn.LRCNVideoDescriber(backbone, preprocessor)
    steps = len(sentences) // 32 * EPOCHS
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, alpha=0.02, warmup_target=5e-3, warmup_steps=steps // 10
    )
    describer.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0))
    data = {"visual": preprocessor.load(list(features)), "captions": np.array(sentences)}
    describer.fit(data, batch_size=32, epochs=EPOCHS, verbose=0)
    return describer


def described_clip():
    keras.utils.set_random_seed(0)
    films, sentences = zip(*map(two_motions, range(FILMS + HELD_OUT)), strict=True)
    features = features_of(films)
    describer = train_describer(features[:FILMS], sentences[:FILMS])
    held_out = list(features[FILMS:])
    captions = [caption for [caption] in describer.generate(held_out, return_details=True)]
    said = [caption.text.lower().rstrip(".") for caption in captions]
    right = np.mean([a == b for a, b in zip(said, sentences[FILMS:], strict=True)])
    print(f"{right:.2f} of {HELD_OUT} held-out films described to the word")
    picture = Image.new("RGB", (860, 400), "white")
    for place, frame in enumerate(films[FILMS][1::4]):
        frame = Image.fromarray(frame).resize((128, 128), Image.NEAREST)
        picture.paste(frame, (20 + 138 * place, 20))
    draw_words(ImageDraw.Draw(picture), captions[0], 20, 172)
    return picture


def save(picture, name):
    """In 128 colours and 150 kB at most."""
    path = FOLDER / name
    picture.quantize(128).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main():
    FOLDER.mkdir(exist_ok=True)
    save(captioned_photo(), "captioned_photo.png")
    timeline(FOLDER / "timeline.png")
    save(Image.open(FOLDER / "timeline.png").convert("RGB"), "timeline.png")
    save(described_clip(), "described_clip.png")


if __name__ == "__main__":
    main()
