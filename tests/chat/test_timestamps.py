"""Moments as text."""

from streamtui.chat.timestamps import iso_time, utc_minute


def test_a_moment_is_utc() -> None:
    assert iso_time(60.25) == "1970-01-01T00:01:00.250Z"
    assert utc_minute(60.25) == "1970-01-01 00:01"


def test_a_moment_outside_the_calendar_is_no_error() -> None:
    assert iso_time(1e300) == iso_time(float("nan")) == iso_time(0)
