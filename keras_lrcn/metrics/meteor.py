"""METEOR by its original Java program, which the optional package pycocoevalcap brings along."""

import contextlib
import importlib.util
import pathlib
import shutil
import subprocess
import tempfile

JAR = pathlib.PurePath("meteor", "meteor-1.5.jar")


def meteor_obstacle():
    """Why METEOR cannot be computed here.

    Returns:
        A sentence with the remedy, or `None` if it can.
    """
    if _jar() is None:
        return (
            "METEOR needs the jar of the package pycocoevalcap, which is not installed: "
            'run `pip install "keras-lrcn[meteor]"`.'
        )
    if shutil.which("java") is None:
        return (
            "METEOR needs Java, and there is no `java` on the PATH: install a Java runtime "
            "(8 or later), such as Debian's `default-jre-headless`."
        )
    return None


def meteor_scores(candidates, references):
    """METEOR 1.5 for English with the default parameters, as coco-caption calls it.

    The program takes about 20 seconds to load its paraphrases, then some milliseconds an image.

    Args:
        candidates: list of tokenized captions, each a string of words with blanks between.
        references: list of lists of such strings.

    Returns:
        Pair of a float, the score of the corpus (not the mean over images), and a list of floats,
        the score of each image.

    Raises:
        ImportError: if the package or Java is missing, with the remedy.
        RuntimeError: if the program fails, with what it said.

    Reference: Denkowski and Lavie 2014; pycocoevalcap 1.2, `meteor/meteor.py`.
    """
    if obstacle := meteor_obstacle():
        raise ImportError(obstacle)
    jar = _jar()
    command = ["java", "-Dfile.encoding=UTF-8", "-Xmx2G", "-jar", jar.name]
    command += ["-", "-", "-stdio", "-l", "en", "-norm"]
    with tempfile.TemporaryFile() as complaints:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": complaints}
        program = subprocess.Popen(command, cwd=jar.parent, **pipes)
        try:
            return _converse(program, candidates, references)
        except (BrokenPipeError, ValueError) as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(timeout=5)  # until it has said what is wrong
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")[-500:]
            raise RuntimeError(f"The METEOR program failed. It said: {said!r}.") from error
        finally:
            program.kill()
            program.communicate()


def _jar():
    package = importlib.util.find_spec("pycocoevalcap")
    for folder in package.submodule_search_locations if package else ():
        if (jar := pathlib.Path(folder, JAR)).is_file():
            return jar
    return None


def _converse(program, candidates, references):
    """Asks the program for statistics image by image, then for their scores."""

    def ask(line):
        program.stdin.write(f"{line}\n".encode())
        program.stdin.flush()

    def answer():
        return program.stdout.readline().decode().strip()

    statistics = []
    for candidate, texts in zip(candidates, references, strict=True):
        candidate = candidate.replace("|||", "").replace("  ", " ")
        ask(" ||| ".join(["SCORE", *texts, candidate]))
        statistics.append(answer())
    ask(" ||| ".join(["EVAL", *statistics]))
    scores = [float(answer()) for _ in statistics]
    return float(answer()), scores
