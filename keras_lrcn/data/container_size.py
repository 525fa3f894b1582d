"""Whether a file is as long as its container says: how a download that broke off is found.

Decoders end a cut AVI or Matroska file without a word, as if it were whole.
"""

import os

BOXES = (
    b"ftyp moov mdat moof mfra free skip wide uuid meta styp sidx ssix emsg prft pdin pnot".split()
)
UNKNOWN = (0x7FFFFFFF, 0xFFFFFFFF)  # what writers leave that never learnt the length
EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def missing_bytes(path):
    """Counts the bytes that the container promises beyond the end of the file.

    Known are RIFF (AVI, WebP), Matroska and WebM, and MP4 and MOV; of a GIF the end mark.

    Args:
        path: the file.

    Returns:
        int; 0 for a whole file, and for what makes no promise.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF":
            end = _riff_end(file, size)
        elif head[:4] == EBML:
            end = _matroska_end(file)
        elif head[4:8] in BOXES:
            end = _boxes_end(file, size)
        elif head[:4] == b"GIF8":
            file.seek(max(size - 1024, 0))
            end = size + (not file.read().rstrip(b"\0\r\n ").endswith(b";"))
        else:
            return 0
    return max(end - size, 0)


def has_avi_index(path):
    """Whether an AVI ends with the index of its chunks, so that their number is known."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        end = min(size, 8 + _number(file, 4, 4))
        position = 12
        while position + 8 <= end:
            file.seek(position)
            if file.read(4) == b"idx1":
                return True
            position += 8 + _even(_number(file, position + 4, 4))
    return False


def _riff_end(file, size):
    """An AVI beyond a gigabyte is several RIFF chunks, one after the other."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        mark, length = file.read(4), _number(file, position + 4, 4)
        if mark != b"RIFF" or length in UNKNOWN:
            break
        position += 8 + _even(length)
    return position if position > size + 8 else size  # some writers count the first eight bytes too


def _boxes_end(file, size):
    position = 0
    while position + 8 <= size:
        length = _number(file, position, 4, "big")
        if file.read(4) not in BOXES:
            break
        if length == 1:
            length = _number(file, position + 8, 8, "big")
        if length < 8:  # 0: to the end of the file
            break
        position += length
    return position


def _matroska_end(file):
    position = 0
    for element in (EBML, SEGMENT):
        file.seek(position)
        if file.read(4) != element:
            return 0
        first = (file.read(1) or b"\0")[0]
        length = 9 - first.bit_length()  # the leading zeros of the first byte say how long it is
        digits = file.read(length - 1)
        content = first & ((1 << (8 - length)) - 1) if length <= 8 else 0
        content = int.from_bytes(bytes([content]) + digits, "big")
        if length > 8 or content == (1 << 7 * length) - 1:  # all ones: a live recording
            return 0
        position += 4 + length + content
    return position


def _number(file, position, length, order="little"):
    file.seek(position)
    return int.from_bytes(file.read(length), order)


def _even(length):
    return length + length % 2
