"""The benchmark of memory: every task takes its calls."""

from benchmarks.memory import calls, measure


def test_each_task_is_called_and_memory_told():
    found = {name: measure(call, number=2, warm_up=2) for name, call in calls().items()}
    assert set(found) == {"generate", "score", "classify", "describe"}
    assert all(abs(grown) < 500e6 for grown in found.values())
