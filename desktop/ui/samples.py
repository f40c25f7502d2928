"""“Try it with sample accounts”: three accounts of the demo platform, and the way out."""

from desktop.ui.language import tr
from desktop.ui.models.directory import SAMPLE_TAG
from engine.api.accounts import AccountSnapshot, NewAccount
from engine.api.errors import NotFound
from engine.api.room import Api

#: items a minute of each
RATES = (12, 6, 20)


async def create_samples(api: Api) -> list[AccountSnapshot]:
    """Three accounts that find something at once. Raises Invalid if no worker offers the demo platform."""
    names = (tr("Sample shop"), tr("Sample café"), tr("Sample band"))
    created = []
    for number, (name, rate) in enumerate(zip(names, RATES, strict=True), 1):
        settings: dict[str, str | int | float | bool | None] = {"rate_per_minute": rate, "seed": number}
        new = NewAccount("demo", name, interval=5, settings=settings, tags=(SAMPLE_TAG,))
        created.append(await api.accounts.create(new))
    return created


async def remove_samples(api: Api, ids: list[str]) -> list[str]:
    """Delete them; returns those that were still there, which `restore` brings back."""
    removed = []
    for account_id in ids:
        try:
            await api.accounts.delete(account_id)
        except NotFound:
            continue
        removed.append(account_id)
    return removed


async def restore_samples(api: Api, ids: list[str]) -> None:
    """Take them out of the bin."""
    for account_id in ids:
        await api.accounts.restore(account_id)
