"""What fills Tables 1 to 3 at each scale: answers, and how they depart from the paper.

Each function takes the arguments of `applications.activity.tables` and returns `Answers`, a
sentence on the data, and a list of departures.
"""

import dataclasses
import os

from applications.activity.experiments import SETS

FULL_DEPARTURES = (
    "flow by this package's minimisation of Brox's energy, from frames as they are decoded and "
    "kept without loss; the authors' program and its JPEG files are not public",
    "1024 LSTM units for flow and 70,000 steps, as the paper and the solver say; the weights that "
    "the authors released have 256 and 50,000",
    "windows of 227 pixels are cut at random from every clip, as the paper says; the authors' code "
    "cuts from mirrored clips only and squashes the others whole",
    "an epoch shows one clip, or one frame, of every video; the authors' lists shuffle all frames",
    "mirrored flow has its x negated for single frames too, which the authors' code leaves out",
    "the mean of pixels is that of the preset for both networks; the authors' LSTM has a red of "
    "128.68 in place of 123.68",
    "the LSTM's weights start within 0.08 of zero; the authors' within 0.01",
)


def toy(args):
    """Generated motions."""
    from applications.activity import toy

    data = f"generated motions of a square; {len(toy.CLASSES)} classes, {toy.CLIPS} clips to learn "
    data += f"from, {toy.HELD_OUT} held out of each class; chance is {100 / len(toy.CLASSES):.1f} %"
    departures = [
        "generated clips of 32x32 pixels in place of UCF101; the paper's numbers are of UCF101",
        "one split; each seed draws its own clips to learn from",
        "a CNN of one convolution, trained end to end with the LSTM from the start, in place of "
        "the CaffeNet hybrid of ImageNet; 64 LSTM units, no dropout, Adam",
        "flow by DIS on 32x32 pixels, 40 levels a pixel, in place of Brox's and 16",
    ]
    return toy.answers(args.work, args.seeds), data, departures


def shared(args):
    """One of `SETS`, with a frozen CNN."""
    from applications.activity.train import answers

    videos = SETS[args.set]
    e = videos.experiment("lrcn")
    found = answers(args.data, args.work, args.set, args.seeds)
    data = f"{videos.description}; {len(found.labels)} held-out videos"
    data += f" in {len(videos.splits)} split{'s' * (len(videos.splits) > 1)}"
    fps = "25 frames a second" if videos.fps is None else f"{videos.fps} frames a second"
    departures = [
        f"{len(videos.classes)} classes ({videos.description}); the paper's numbers are of the "
        "101 of UCF101",
        "a frozen EfficientNet-Lite0 of ImageNet, average-pooled, in place of the CaffeNet hybrid "
        "trained end to end, from single frames to LRCN",
        f"{e.visual_units} units with dropout {e.visual_dropout} in place of fc6 with 4,096 and "
        f"0.9; {e.units} LSTM units in place of 256 (RGB) and 1024 (flow)",
        "AdamW with a cosine schedule in place of SGD in steps",
        f"{fps} in place of 30; whole frames squashed to the network's input in place of crops",
        "flow by DIS at {}x{} pixels in place of Brox's at 240x320".format(*videos.flow_size),
        "the row of shuffled frames is a control that the paper has not",
    ]
    return found, data, departures


def full(args):
    """UCF101 whole, as the authors train."""
    from applications.activity import ucf101

    regimes = ucf101.REGIMES
    departures = list(FULL_DEPARTURES)
    if args.steps is not None:
        regimes = {k: dataclasses.replace(r, steps=args.steps) for k, r in regimes.items()}
        departures.insert(0, f"A TRIAL: every network was trained for {args.steps} steps only")
    if args.flow_method != "brox":
        departures.append(f"flow by {args.flow_method}, which is not Brox's energy to the end")
    plan = ucf101.Plan(
        args.data, args.work, args.cnn, regimes, args.flow_method, args.workers or os.cpu_count()
    )
    found = ucf101.answers(plan, args.seeds, args.splits)
    splits = ", ".join(map(str, args.splits))
    data = f"UCF101; {len(found.classes)} classes, {len(found.labels)} held-out videos of splits "
    return found, f"{data}{splits}; CNN from {os.path.basename(args.cnn)}", departures


SCALES = {"toy": toy, "shared": shared, "full": full}
