"""The keys over REST: how they are kept, never what they are."""

from tests.support.gateway import house


async def test_where_the_key_is_and_what_that_protects() -> None:
    async with house() as opened:
        keys = await opened.data("GET", "/keys")
        progress = {"resealing", "resealed", "damaged"}
        assert set(keys) == {"source", "protects", "data_keys", "created_at", "hint"} | progress
        assert keys["source"] == "file" and keys["protects"].startswith("The key is in a file beside the database")


async def test_changing_them() -> None:
    async with house() as opened:
        changed = await opened.data("POST", "/keys/rotate", {"to": "passphrase", "secret": "canary-passphrase"})
        assert changed["source"] == "passphrase" and "canary" not in str(changed)


async def test_what_cannot_be_done_is_said_without_the_secret() -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/keys/rotate", {"to": "keychain", "secret": "canary-passphrase"})
        assert (status, answer["error"]["code"]) == (422, "key_refused")
        assert answer["error"]["message"] == "no keychain can be reached here"
        status, answer, _ = await opened.ask("POST", "/keys/rotate", {"to": "a cloud", "secret": "canary-passphrase"})
        assert status == 422 and "canary" not in str(answer)
