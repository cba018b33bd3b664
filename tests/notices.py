"""Words that a test expects word for word."""

from __future__ import annotations

from rules.notices import state_redisclosure_notice


def new_yorks_notice() -> str:
    """What goes with HIV information in New York."""
    notice = state_redisclosure_notice("us/ny")
    assert notice is not None
    return notice.text
