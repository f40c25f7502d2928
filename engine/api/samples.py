"""Sample accounts: what a newcomer tries first, and what is removed with one click."""

from engine.api.accounts import Accounts, NewAccount

TAG = "sample"
SAMPLES = (("Northwind Shop", 7, 2), ("小店客服", 11, 3), ("Atelier North", 23, 5))  #: name, seed, interval in seconds


async def add_samples(accounts: Accounts) -> bool:
    """Make three accounts of the demo platform, unless there are sample accounts already; whether it did."""
    if await _existing(accounts):
        return False
    for name, seed, interval in SAMPLES:
        await accounts.create(NewAccount("demo", name, interval=interval, settings={"seed": seed}, tags=(TAG,)))
    return True


async def remove_samples(accounts: Accounts) -> int:
    """Put all sample accounts into the bin; how many there were."""
    existing = await _existing(accounts)
    for account_id in existing:
        await accounts.delete(account_id)
    return len(existing)


async def _existing(accounts: Accounts) -> list[str]:
    page = await accounts.page(limit=1000)
    return [account.id for account in page if account.platform == "demo" and TAG in account.tags]
