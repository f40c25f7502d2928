"""`python -m tests.servers install` puts every server that pip can install into the cache (`make servers`)."""

import argparse

from tests.servers import isso
from tests.servers.cache import Server

SERVERS: tuple[Server, ...] = (isso.SERVER,)


def main() -> None:
    """Install all servers, or say which there are."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("command", choices=("install", "list"))
    command = parser.parse_args().command
    for server in SERVERS:
        if command == "install":
            server.install()
        state = "installed" if server.is_installed() else "missing"
        print(f"{server.name}: {state} ({server.directory})")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
