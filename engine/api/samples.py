"""Sample accounts: what a newcomer tries first, and what is removed with one click."""

from collections.abc import Sequence

from engine.api.accounts import Accounts, AccountSnapshot, NewAccount
from engine.api.errors import NotFound

TAG = "sample"  #: marks them
NAMES = ("Northwind Shop", "小店客服", "Atelier North")
RATES = (12, 6, 20)  #: items a minute of each
INTERVAL = 5  #: seconds


def is_sample(account: AccountSnapshot) -> bool:
    """Whether it is one of them."""
    return account.platform == "demo" and TAG in account.tags


async def add_samples(accounts: Accounts, names: Sequence[str] = NAMES) -> list[AccountSnapshot]:
    """Three accounts of the demo platform that find something at once. Raises Invalid if no worker offers it yet."""
    created = []
    for seed, (name, rate) in enumerate(zip(names, RATES, strict=True), 1):
        settings: dict[str, str | int | float | bool | None] = {"rate_per_minute": rate, "seed": seed}
        created.append(await accounts.create(NewAccount("demo", name, INTERVAL, settings=settings, tags=(TAG,))))
    return created


async def remove_samples(accounts: Accounts, ids: Sequence[str]) -> list[str]:
    """Put them into the bin; returns those that were still there, which `restore_samples` takes out again."""
    removed = []
    for account_id in ids:
        try:
            await accounts.delete(account_id)
        except NotFound:
            continue
        removed.append(account_id)
    return removed


async def restore_samples(accounts: Accounts, ids: Sequence[str]) -> None:
    """Take them out of the bin."""
    for account_id in ids:
        await accounts.restore(account_id)
