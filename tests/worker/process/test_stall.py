"""The stall meter, on a clock that is moved by hand."""

from worker.process.stall import StallMeter


def test_only_a_long_stall_is_reported() -> None:
    now, stalls = [100.0], list[float]()
    meter = StallMeter(stalls.append, lambda: now[0])
    now[0] += 1.2
    before = meter.look(100.0)
    now[0] += 5.9
    before = meter.look(before)
    assert stalls == []
    now[0] += 60
    assert meter.look(before) == now[0]
    assert [round(seconds) for seconds in stalls] == [59]
