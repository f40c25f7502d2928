"""`python -m tests.servers install` installs every real platform server that tests use (`make servers`)."""

import argparse

from tests.servers import dovecot, isso
from tests.servers.cache import Installable

SERVERS: tuple[Installable, ...] = (isso.SERVER, dovecot.SERVER)


def main() -> None:
    """Install all servers, or say which there are."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("command", choices=("install", "list"))
    command = parser.parse_args().command
    for server in SERVERS:
        if command == "install":
            server.install()
        state = "installed" if server.is_installed() else "missing"
        print(f"{server.name}: {state} ({server.where})")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
