"""Tags of accounts and workers, as users give them."""

from engine.api.errors import Invalid

MAX_TAGS = 20
MAX_TAG = 50


def clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, without blanks around it, in the order given. Raises Invalid."""
    clean = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if len(clean) > MAX_TAGS or not all(1 <= len(tag) <= MAX_TAG for tag in clean):
        raise Invalid("tags", f"at most {MAX_TAGS} tags of 1 to {MAX_TAG} characters")
    return clean
