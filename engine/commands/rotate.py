"""`rotate-key`: asks the running master, or does it on the data directory itself if none runs."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from engine.commands.speaking import Ask, offered
from engine.config import Options
from engine.config_commands import CommandLine
from engine.instance import InstanceLock
from engine.store.store import Store
from engine.vault.keeper import KeyKeeper
from engine.vault.sources import Sources
from worker.process.banner import say
from worker.process.clock import lease_clock
from worker.process.exit_codes import Exit, Stop
from worker.process.secret import Secret

ANSWER_WITHIN = 60.0  #: seconds; a keychain may ask its user something first


async def rotate_key(command: CommandLine, options: Options, ask: Ask) -> None:
    """New keys for credentials, kept where they are or in `command.to`. Raises Stop, VaultError, StoreError."""
    if not options.db_path.exists():
        raise Stop(Exit.CONFIG, f"there is no installation in {options.data_dir}: nothing has a key yet")
    given = _given(command, options, ask)
    running = _running(options.data_dir)
    began = lease_clock()
    if running is not None:
        snapshot = await _ask_master(running, command.to, given)
        source = str(snapshot["source"])
        say(f"✓ New keys, kept in: {source}. The running master seals all credentials anew meanwhile.")
    else:
        source = await _alone(command, options, given, ask)
        say(f"✓ New keys, kept in: {source}. All credentials are sealed anew ({lease_clock() - began:.1f} s).")
    if source == "environment" and given is None and command.to is None:
        say("  The key in VEDETTE_ENCRYPTION_KEY stays; --new-encryption-key-file FILE changes it as well.")


def _given(command: CommandLine, options: Options, ask: Ask) -> Secret | None:
    """The key or passphrase to change to; what the start was given where the key moves to a new place."""
    if key := command.secrets.get("new_encryption_key"):
        return key
    if phrase := command.secrets.get("new_passphrase"):
        return phrase
    if command.to == "environment":
        return options.encryption_key
    if command.to == "passphrase":
        return options.passphrase or _twice(ask)
    return None


def _twice(ask: Ask) -> Secret | None:
    first = ask("New passphrase: ")
    if first is not None and ask("Once more: ") != first:
        raise Stop(Exit.CONFIG, "the two passphrases differ: nothing was changed")
    return first


def _running(data_dir: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = msgspec.json.decode((data_dir / "master.json").read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    try:
        with InstanceLock(data_dir):
            return None  # left behind by a master that was killed
    except Stop:
        return content


async def _ask_master(running: dict[str, Any], to: str | None, given: Secret | None) -> dict[str, Any]:
    body = msgspec.json.encode({"to": to, "secret": given.reveal() if given else None})
    headers = {"Authorization": f"Bearer {running['token']}", "Content-Type": "application/json"}
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN)) as session,
            session.post(f"{running['url']}/api/v1/keys/rotate", data=body, headers=headers) as answer,
        ):
            content = msgspec.json.decode(await answer.read(), type=dict[str, Any])
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
        raise Stop(Exit.TEMPORARY, "the running master does not answer: try again, or close it first") from None
    if not content.get("success"):
        raise Stop(Exit.CONFIG, str(content["error"]["message"]))
    return dict(content["data"])


async def _alone(command: CommandLine, options: Options, given: Secret | None, ask: Ask) -> str:
    async with AsyncExitStack() as stack:
        stack.enter_context(InstanceLock(options.data_dir))
        store = Store(options.db_path)
        await store.start()
        stack.push_async_callback(store.close)
        keeper = KeyKeeper(store.keys, Sources(options.data_dir, offered(options, ask)))
        await keeper.start()
        stack.push_async_callback(keeper.close)
        await keeper.rotate(command.to, given)
        await keeper.sealed_anew()
        return keeper.box.source
