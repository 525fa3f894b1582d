"""The benchmark of decoding, small: what it compares writes the same captions."""

import pytest

pytestmark = pytest.mark.backends  # PyTorch's loops are among its peers


@pytest.mark.parametrize("row", ["D3", "D4", "D6", "D8"])
def test_peers_write_the_same_captions(row, capsys):
    pytest.importorskip("torch")
    from benchmarks import decoding

    decoding.ROWS[row](decoding.Bench(width=16, words=40, rounds=1))
    printed = capsys.readouterr().out
    assert f"{row} " in printed and " x" in printed
