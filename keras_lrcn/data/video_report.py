"""What `check_videos` found, to print, to store and to exit with."""

import collections
import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class CheckedVideo:
    """One video that was decoded from its first frame to its last.

    Args:
        path: str, the file or folder.
        frames: int, how many decode.
        expected: int or `None`, how many the header promises.
        fps: float or `None`, frames a second on average; `None` for fewer than two.
        seconds: float, how long it lasts.
        width: int, pixels, upright.
        height: int, pixels.
        errors: tuple of str, its damage.
        bytes: int, size of the file, or of the folder's images together.
        modified: int, nanoseconds, when it was last written.
        sha256: str, hexadecimal digest of its content.
    """

    path: str
    frames: int = 0
    expected: int | None = None
    fps: float | None = None
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    errors: tuple = ()
    bytes: int = 0
    modified: int = 0
    sha256: str = ""

    @property
    def damaged(self):
        """Whether something of it is missing or broken."""
        return bool(self.errors)


@dataclasses.dataclass
class VideoReport:
    """The result of a check.

    Args:
        videos: list of `CheckedVideo`, sorted by path.
    """

    videos: list

    @property
    def damaged(self):
        """list of those that are damaged."""
        return [video for video in self.videos if video.damaged]

    @property
    def ok(self):
        """Whether all videos are whole."""
        return not self.damaged

    @property
    def exit_code(self):
        """0 if `ok`, else 1."""
        return 0 if self.ok else 1

    def as_dict(self):
        """Everything, ready for `json`."""
        facts = {
            "num_videos": len(self.videos),
            "num_damaged": len(self.damaged),
            "num_frames": sum(video.frames for video in self.videos),
            "seconds": round(sum(video.seconds for video in self.videos), 3),
            "sizes": dict(_sizes(self.videos)),
            "rates": dict(_rates(self.videos)),
        }
        videos = [dataclasses.asdict(video) for video in self.videos]
        return {"ok": self.ok, "facts": facts, "videos": videos}

    def json(self):
        """`as_dict` as a string, other alphabets left readable."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2)

    def text(self):
        """What a person reads: how much there is, then each damaged video with its damage."""
        facts = self.as_dict()["facts"]
        lines = [
            f"{facts['num_videos']} videos, {facts['num_frames']} frames, "
            f"{facts['seconds'] / 60:.1f} minutes",
            f"    width x height: {_listed(_sizes(self.videos))}",
            f"    frames a second: {_listed(_rates(self.videos))}",
        ]
        if self.damaged:
            lines += ["", f"{'frames':>8} {'expected':>8}  damaged video"]
        for video in self.damaged:
            expected = "?" if video.expected is None else video.expected
            lines.append(f"{video.frames:8} {expected:>8}  {video.path}")
            lines += [f"{'':19}{error}" for error in video.errors]
        whole = len(self.videos) - len(self.damaged)
        return "\n".join([*lines, "", f"{whole} videos are whole, {len(self.damaged)} damaged."])


def _sizes(videos):
    sizes = collections.Counter(f"{v.width}x{v.height}" for v in videos if v.frames)
    return sizes.most_common()


def _rates(videos):
    return collections.Counter(f"{v.fps:.4g}" for v in videos if v.fps).most_common()


def _listed(counts, most=5):
    named = [f"{name} ({count})" for name, count in counts[:most]]
    return ", ".join([*named, *([f"{len(counts) - most} others"] if counts[most:] else [])]) or "-"
