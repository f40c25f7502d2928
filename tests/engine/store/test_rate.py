from engine.store.rate import Rate


def test_counts_exactly_the_last_minute():
    rate = Rate()
    rate.note(2, 1_000)
    rate.note(3, 1_900)
    rate.note(5, 30_000)
    assert rate.per_minute(30_000) == 10
    assert rate.per_minute(60_999) == 10
    assert rate.per_minute(61_000) == 5
    assert rate.per_minute(90_000) == 0


def test_a_clock_set_back_loses_nothing():
    rate = Rate()
    rate.note(2, 50_000)
    rate.note(3, 20_000)
    assert rate.per_minute(50_000) == 5
