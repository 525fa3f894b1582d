"""How cold starts are measured."""

import pytest

from benchmarks.cold_start import LIMIT, measure, medians, table


def test_work_of_the_processor_is_told_from_waiting():
    cpu, wall = measure(["-c", "import time; time.sleep(1)"])
    assert cpu < 0.7 and wall > 1
    cpu, wall = measure(
        ["-c", "import time; end = time.process_time() + 1\nwhile time.process_time() < end: 0"]
    )
    assert 1 <= cpu <= wall + 0.2


def test_a_child_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match="no_such_module"):
        measure(["-c", "import no_such_module"])


def test_the_table_has_ratios_to_the_import():
    results = medians({"python": ["-c", "pass"]}, runs=2) | {LIMIT: (5.0, 6.0), "x": (10.0, 1.0)}
    header, _, *rows = table(results).splitlines()
    assert [row.split("|")[-2].strip() for row in rows][1:] == ["1.000", "2.000"]
    assert header.count("|") == rows[0].count("|")
