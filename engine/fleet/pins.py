"""Where an account may be watched: anywhere, on one worker, or on any worker that carries a tag."""

TAG = "tag:"  #: `pinned_to` is a worker's id, or this and a tag


def tag_of(pin: str | None) -> str | None:
    """The tag that a pin names; None if it names a worker or nothing."""
    return pin.removeprefix(TAG) if pin is not None and pin.startswith(TAG) else None
