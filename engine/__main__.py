"""`vedette-master`: the master without a window, on plain asyncio."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from getpass import getpass

from engine.config import Options, open_logs, read_line
from worker.process.banner import banner, say
from worker.process.exit_codes import Exit, Stop
from worker.process.hardening import harden
from worker.process.secret import Secret


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until asked to stop; exit with the code of contract.md."""
    harden()
    command = None
    try:
        line = sys.argv[1:] if arguments is None else arguments
        options, command = read_line("vedette-master", line, os.environ)
        if command is None:
            asyncio.run(run(options))
        else:
            from engine.commands.perform import perform

            perform(command, options, ask_passphrase)
    except Stop as stop:
        say(f"vedette-master: {stop.sentence}")
        sys.exit(stop.code)
    except KeyboardInterrupt:  # of a command, or before our handlers were in place
        sys.exit(Exit.ASKED if command is None else Exit.TEMPORARY)


async def run(options: Options) -> None:
    """Start, say ready, wait for a signal, close."""
    from engine.master import Master

    open_logs("master", options)
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    master = Master(options, ask_passphrase)
    await master.start()
    try:
        announce(master.url, options)
        if master.hint:
            say(f"! {master.hint}")
        await asked.wait()
    finally:
        await master.close("asked to stop")


def ask_passphrase(prompt: str = "Passphrase of the credentials: ") -> Secret | None:
    """Ask in the terminal; None if there is none."""
    if not sys.stdin or not sys.stdin.isatty():
        return None
    return Secret(getpass(prompt, sys.stderr))


def announce(url: str, options: Options) -> None:
    """`ready …` alone on stdout, for programs; the seed's banner on stderr, for people."""
    print(f"ready {url}", flush=True)  # noqa: T201 - the contract's one line
    port = url.rsplit(":", 1)[1]
    say(
        banner("Master Server Started", f"Port: {port}", "Namespaces: /worker, /client")
        + f"\n✓ Data in {options.data_dir}\n✓ Local workers are starting"
    )


if __name__ == "__main__":
    main()
