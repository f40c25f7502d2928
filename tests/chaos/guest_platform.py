"""The platform `chaos`, as a third party would ship it: installed beside the worker, found by its entry point.

Each request says who makes it: worker, epoch, a number, and when it was decided on.
"""

import itertools
import os
from typing import ClassVar

from msgspec import Struct

from worker.platforms.base import Check, Found, Session
from worker.process.clock import lease_clock
from worker.protocol.descriptor import Descriptor, Field, Text
from worker.protocol.messages import Identity

_numbers = itertools.count(1)


class Page(Struct, frozen=True):
    """What the server answers: texts of the items from `since` on, and whether there are more."""

    items: list[str]
    more: bool = False


class Guest:
    """Items are numbered from 0; the cursor is the number of the next one."""

    descriptor: ClassVar[Descriptor] = Descriptor(
        key="chaos",
        name=Text(en="Chaos", zh="混沌"),
        kinds=("comment",),
        min_interval=1,
        setting_fields=(
            Field("url", Text(en="Address", zh="地址"), type="url", required=True),
            Field("allow_private_network", Text(en="Private networks", zh="内网"), type="boolean", default=False),
        ),
    )

    async def identify(self, session: Session) -> Identity:
        """Anybody."""
        return Identity(handle="@chaos", display_name="Chaos")

    async def check(self, session: Session, cursor: str | None) -> Check:
        """One request."""
        since = int(cursor or 0)
        headers = {
            "X-Account": session.account,
            "X-Worker": session.worker,
            "X-Epoch": str(session.epoch),
            "X-Request": f"{os.getpid()}-{next(_numbers)}",
            "X-Decided": str(lease_clock()),
        }
        answer = await session.http.get(str(session.settings["url"]), params={"since": str(since)}, headers=headers)
        page = answer.json(Page)
        items = tuple(
            Found("comment", f"item-{number}", text=text, published_at=session.wall_ms())
            for number, text in enumerate(page.items, since)
        )
        return Check(items, str(since + len(items)), more=page.more)
