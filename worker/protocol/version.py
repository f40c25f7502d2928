"""The protocol's version. A message that carries another one is refused with `wrong_version`."""

PROTOCOL = "v1"
