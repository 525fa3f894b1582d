"""What `check_captions` found, to print, to store and to exit with."""

import dataclasses
import json

SHOWN = 5  # examples of a finding in the printed form; the dict has all
BAR = 40  # characters of the longest bar


@dataclasses.dataclass(frozen=True)
class Finding:
    """One kind of thing that is wrong or worth knowing.

    Args:
        level: `"error"`, which makes training or its scores wrong, or `"warning"`.
        kind: str, such as `"broken_images"`.
        count: int, how often.
        text: str, what it is, with its count, in words.
        examples: list of str, where it is.
    """

    level: str
    kind: str
    count: int
    text: str
    examples: list


@dataclasses.dataclass
class CaptionReport:
    """The result of a check.

    Args:
        facts: dict of counts: `num_images`, `num_captions`, `captions_per_image` (how many
            images have n captions), `words_per_caption` (how many captions have n words),
            `identical_captions` (share of captions whose words some other caption has too),
            `num_words` (different words), `left_or_right` (captions that say so).
        findings: list of `Finding`, errors first.
    """

    facts: dict
    findings: list

    def __post_init__(self):
        self.findings = sorted(self.findings, key=lambda finding: finding.level != "error")

    @property
    def ok(self):
        """Whether there are no errors; warnings may be."""
        return all(finding.level != "error" for finding in self.findings)

    @property
    def exit_code(self):
        """0 if `ok`, else 1."""
        return 0 if self.ok else 1

    def as_dict(self):
        """Everything, ready for `json`."""
        findings = [dataclasses.asdict(finding) for finding in self.findings]
        return {"ok": self.ok, "facts": self.facts, "findings": findings}

    def json(self):
        """`as_dict` as a string, other alphabets left readable."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2)

    def text(self):
        """What a person reads: facts, lengths, findings with a few examples each."""
        lines = [*self._fact_lines(), ""]
        for finding in self.findings:
            lines.append(f"{finding.level.upper()}: {finding.text}")
            lines += [f"    {example}" for example in finding.examples[:SHOWN]]
            if len(finding.examples) > SHOWN:
                lines.append(f"    ... and {len(finding.examples) - SHOWN} more")
        levels = [finding.level for finding in self.findings]
        lines.append(f"{levels.count('error')} errors, {levels.count('warning')} warnings.")
        return "\n".join(lines)

    def _fact_lines(self):
        facts = self.facts
        yield (
            f"{facts['num_images']} images, {facts['num_captions']} captions, "
            f"{facts['num_words']} different words"
        )
        for number, images in facts["captions_per_image"].items():
            yield f"    {images} images with {number} captions"
        yield f"{facts['identical_captions']:.1%} of the captions occur more than once"
        yield f"{facts['left_or_right']} captions say left or right"
        yield "Words a caption:"
        yield from _bars(facts["words_per_caption"])


def _bars(histogram, width=5):
    """Lines of a bar chart, `width` lengths a bar; the last holds all that is longer than 39."""
    bars = {}
    for length, count in histogram.items():
        start = min(length // width * width, 40)
        bars[start] = bars.get(start, 0) + count
    for start, count in sorted(bars.items()):
        label = f"{start}-{start + width - 1}" if start < 40 else "40 or more"
        bar = "#" * round(BAR * count / max(bars.values()))
        yield f"    {label:>10} {count:8} {bar}"
