"""Platforms of third parties, as other packages offer them to real processes."""

from pathlib import Path

DEADLY = '''
"""A platform whose check ends the process that makes it, as a crash in a parser written in C would."""

import asyncio
import os
import signal

from worker.platforms.base import Check
from worker.protocol.descriptor import Descriptor, Field, Text
from worker.protocol.messages import Identity

LABEL = Text(en="Deadly", zh="致命")
SETTINGS = (
    Field("kills", LABEL, type="boolean", required=False, default=False),
    Field("seconds", LABEL, type="number", required=False, default=0),
)


class Deadly:
    descriptor = Descriptor(
        key="deadly",
        name=LABEL,
        kinds=("comment",),
        min_interval=1,
        setting_fields=SETTINGS,
    )

    async def identify(self, session):
        return Identity(handle="@deadly", display_name="Deadly")

    async def check(self, session, cursor):
        await asyncio.sleep(session.settings["seconds"])
        if session.settings["kills"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return Check((), "checked")


class DeadlyListen:
    descriptor = Descriptor(
        key="deadly_listen", name=LABEL, kinds=("comment",), min_interval=1, mode="stream", setting_fields=SETTINGS
    )

    async def identify(self, session):
        return Identity(handle="@deadly", display_name="Deadly")

    async def check(self, session, cursor):
        return Check((), "checked")

    async def listen(self, session, cursor):
        yield Check((), None)
        await asyncio.sleep(session.settings["seconds"])
        if session.settings["kills"]:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.Event().wait()
'''


def offer_deadly(folder: Path) -> Path:
    """Put platforms `deadly` and `deadly_listen` where a Python that runs in `folder` finds them; returns the folder.

    Their settings: `kills`, whether a check (a listen) ends the process; `seconds` that it takes before that.
    """
    info = folder / "vedette_deadly-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vedette-deadly\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[vedette.platforms]\ndeadly = vedette_deadly:Deadly\ndeadly_listen = vedette_deadly:DeadlyListen\n"
    )
    (folder / "vedette_deadly.py").write_text(DEADLY)
    return folder
