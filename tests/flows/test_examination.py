"""What `confide doctor` says of a site, where no part need run for it."""

from __future__ import annotations

import shutil

from flows import examination
from tests.flows.conftest import Setting


def test_a_site_that_was_never_served_has_its_room_looked_at(setting: Setting) -> None:
    shutil.rmtree(setting.site.configuration.run, ignore_errors=True)
    assert [line for line in examination.examine(setting.site) if line.what == "room"] == [
        examination.Line(examination.Level.OK, "room", "Nothing found.")
    ]
