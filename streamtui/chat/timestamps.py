"""Moments as text."""

from datetime import UTC, datetime


def iso_time(moment: float) -> str:
    """Return seconds since the epoch as UTC in ISO 8601; a moment that no calendar has becomes the epoch."""
    try:
        value = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        value = datetime.fromtimestamp(0, UTC)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_minute(moment: float) -> str:
    """Return the moment to the minute, in UTC: `2026-11-27 14:02`."""
    return iso_time(moment)[:16].replace("T", " ")
