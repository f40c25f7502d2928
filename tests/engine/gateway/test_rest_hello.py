from tests.support.gateway import house
from worker.protocol.version import PROTOCOL


async def test_hello_says_who_answers() -> None:
    async with house() as opened:
        assert await opened.data("GET", "/hello", token="") == {
            "name": "vedette",
            "version": "0.1.0",
            "protocol": PROTOCOL,
        }
        assert await opened.data("GET", "/healthz", token="") == {"status": "ok"}


async def test_status_has_the_documented_keys() -> None:
    async with house(accounts=2, detections=3, workers=2) as opened:
        assert await opened.data("GET", "/status") == {
            "version": "0.1.0",
            "uptime": 12.5,
            "workers": {"total": 2, "online": 2, "offline": 0, "total_assigned_accounts": 0},
            "scheduling": {"total_accounts": 2, "assigned_accounts": 2, "unassigned_accounts": 0},
            "detections": {"total": 3, "unread": 3, "per_minute": 0},
            "dead_letters": 0,
            "dead_letters_dropped": 0,
        }


async def test_platforms_are_their_descriptors() -> None:
    async with house() as opened:
        page = await opened.data("GET", "/platforms")
        assert [platform["key"] for platform in page["items"]] == ["demo", "feed"]
        feed = page["items"][1]
        assert feed["min_interval"] == 10 and feed["kinds"] == ["post", "comment"]
        assert [field["name"] for field in feed["credential_fields"]] == ["username", "password"]
        assert {"name", "label", "type", "required"} <= set(feed["setting_fields"][0])
