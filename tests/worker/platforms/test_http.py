"""The one HTTP client against a real server that misbehaves."""

import asyncio
import base64
import gzip
import traceback

import aiohttp
import pytest
from aiohttp import web

from tests.support.fake_platform import FakePlatform
from tests.support.platforms import http_pool
from worker.platforms.base import Changed, PlatformError, PrivateAddress, RateLimited, Refused, Unreachable
from worker.platforms.http import BasicAuth, Http, HttpPool, Validators
from worker.process.secret import Secret

CANARY = "canary-7c21f"


def open_to_all(pool: HttpPool, **options: object) -> Http:
    return pool.bind(allow_private_network=True, **options)  # type: ignore[arg-type]


async def failing(http: Http, url: str, **options: object) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await http.get(url, **options)  # type: ignore[arg-type]
    return caught.value


async def test_an_answer_comes_whole_with_its_validators_and_quota() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        told = {"ETag": '"1"', "Last-Modified": "yesterday", "X-RateLimit-Remaining": "9", "Content-Type": "a/b; c=d"}
        site.answer("/a", "你好", headers=told)
        answer = await open_to_all(pool).get(site.url + "/a", params={"q": "x y"}, headers={"X-One": "1"})
        assert (answer.status, answer.body.decode(), answer.content_type) == (200, "你好", "a/b")
        assert answer.validators == Validators('"1"', "yesterday")
        assert answer.quota is not None and answer.quota.remaining == 9
        assert answer.url == site.url + "/a?q=x+y"
        seen = site.requests[0]
        assert (seen.query, seen.headers["X-One"]) == ("q=x y", "1")
        assert seen.headers["User-Agent"].startswith("Vedette/")


async def test_json_goes_out_and_comes_back_checked() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", '{"n": 1}')
        answer = await open_to_all(pool).request("POST", site.url + "/a", json={"k": [1]})
        assert answer.json(dict[str, int]) == {"n": 1}
        assert (site.requests[0].body, site.requests[0].headers["Content-Type"]) == (b'{"k":[1]}', "application/json")
        with pytest.raises(Changed, match=r"127\.0\.0\.1:\d+ is not what it documents.*n"):
            answer.json(dict[str, str])
        site.answer("/deep", b"[" * 100_000)
        with pytest.raises(Changed):
            (await open_to_all(pool).get(site.url + "/deep")).json()


async def test_conditional_requests_come_back_not_modified_and_keep_the_validators() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.feed("/feed").add("1", "x")
        http = open_to_all(pool)
        first = await http.get(site.url + "/feed")
        second = await http.get(site.url + "/feed", validators=first.validators)
        assert (second.not_modified, second.body, second.validators) == (True, b"", first.validators)
        assert [seen.conditional for seen in site.requests] == [False, True]


async def test_a_304_without_validators_keeps_those_that_were_sent() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", status=304)
        sent = Validators('"1"', "yesterday")
        assert (await open_to_all(pool).get(site.url + "/a", validators=sent)).validators == sent


async def test_validators_that_would_break_the_request_are_left_out() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", "x")
        await open_to_all(pool).get(site.url + "/a", validators=Validators('"a"\r\nX-Evil: 1', "b\n"))
        assert not site.requests[0].conditional


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.1.2.3", "169.254.169.254"]
)
async def test_private_addresses_are_refused_before_anything_is_sent(host: str) -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/", "secret of the intranet")
        error = await failing(pool.bind(), f"http://{host}:{site.port}/")
        assert isinstance(error, PrivateAddress)
        assert "allow private networks" in error.message
        assert site.requests == []


async def test_other_spellings_of_a_private_address_reach_nothing() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/", "secret of the intranet")
        for host in ("2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1."):
            await failing(pool.bind(), f"http://{host}:{site.port}/")
        assert site.requests == []


async def test_a_connection_that_another_account_may_have_is_not_lent() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/", "mine")
        assert (await open_to_all(pool).get(site.url)).body == b"mine"
        assert isinstance(await failing(pool.bind(), site.url), PrivateAddress)
        assert len(site.requests) == 1


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "file:///etc/passwd", "http://", "//x", "http://[::1", "x"])
async def test_only_web_addresses(url: str) -> None:
    async with http_pool() as pool:
        assert isinstance(await failing(open_to_all(pool), url), Changed)


async def test_a_host_that_cannot_be_a_name_is_no_crash() -> None:
    async with http_pool() as pool:
        assert isinstance(await failing(open_to_all(pool), f"http://{'a' * 70}.example/"), PlatformError)


# --- redirects -------------------------------------------------------------------------------------------------------


async def test_redirects_are_followed_relative_ones_too() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", "b?c=1", 301)
        site.redirect("/b", site.url + "/d", 307)
        site.answer("/d", "there")
        answer = await open_to_all(pool).get(site.url + "/a")
        assert (answer.body, answer.url) == (b"there", site.url + "/d")


async def test_a_redirect_loop_ends_after_five() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", "/a")
        error = await failing(open_to_all(pool), site.url + "/a")
        assert isinstance(error, Changed)
        assert "more than 5 times" in error.message
        assert len(site.requests) == 6


async def test_a_redirect_to_another_scheme_is_refused() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", "file:///etc/passwd")
        error = await failing(open_to_all(pool), site.url + "/a")
        assert isinstance(error, Changed)
        assert "redirects" in error.message


async def test_credentials_stay_with_their_origin() -> None:
    async with FakePlatform() as here, FakePlatform() as elsewhere, http_pool() as pool:
        here.redirect("/a", "/b")
        here.redirect("/b", elsewhere.url + "/c")
        elsewhere.answer("/c", "there")
        auth = BasicAuth(Secret("user"), Secret(CANARY))
        headers: dict[str, str | Secret] = {"X-Token": Secret(CANARY), "X-Plain": "1"}
        await open_to_all(pool).get(here.url + "/a", auth=auth, headers=headers)
        assert [(s.headers["Authorization"], s.headers["X-Token"]) for s in here.requests] == [
            (auth.header().reveal(), CANARY)
        ] * 2
        assert CANARY not in str(elsewhere.requests)
        assert "Authorization" not in elsewhere.requests[0].headers
        assert elsewhere.requests[0].headers["X-Plain"] == "1"


class _OpenAtFirst(HttpPool):
    """Lets the first hop go to loopback, where the test's server is; all others are as they always are."""

    hops = 0

    def session(self, allow_private_network: bool) -> aiohttp.ClientSession:
        self.hops += 1
        return super().session(allow_private_network or self.hops == 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"])
async def test_a_redirect_into_the_private_network_is_refused(host: str) -> None:
    async with FakePlatform() as outside, FakePlatform() as inside:
        pool = _OpenAtFirst()
        await pool.start()
        try:
            outside.redirect("/", f"http://{host}:{inside.port}/latest/meta-data/")
            error = await failing(pool.bind(), outside.url + "/")
        finally:
            await pool.close()
        assert isinstance(error, PrivateAddress) and pool.hops == 2
        assert len(outside.requests) == 1 and inside.requests == []


async def test_a_body_is_not_sent_on_to_another_origin() -> None:
    async with FakePlatform() as here, FakePlatform() as elsewhere, http_pool() as pool:
        here.redirect("/a", elsewhere.url + "/c", 307)
        with pytest.raises(Changed, match="Enter that address instead"):
            await open_to_all(pool).request("POST", here.url + "/a", json={"password": CANARY})
        assert elsewhere.requests == []


async def test_a_redirect_after_a_post_becomes_a_get() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", "/b", 303)
        site.answer("/b", "done")
        await open_to_all(pool).request("POST", site.url + "/a", json={})
        assert [(seen.method, seen.body) for seen in site.requests] == [("POST", b"{}"), ("GET", b"")]


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/hang", "/half"])
async def test_no_whole_answer_in_time_is_unreachable(path: str) -> None:
    async with FakePlatform() as site, http_pool(timeout=0.2) as pool:
        site.hang("/hang")
        site.half_body("/half")
        async with asyncio.timeout(10):
            error = await failing(open_to_all(pool), site.url + path)
        assert isinstance(error, Unreachable)
        assert "did not answer within 0.2 s" in error.message
        assert site.paths() == [path]


async def test_the_default_time_out_fits_the_lease() -> None:
    assert HttpPool().timeout == 12


async def test_a_body_that_breaks_off_is_unreachable() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.half_body("/half", then_close=True)
        error = await failing(open_to_all(pool), site.url + "/half")
        assert isinstance(error, Unreachable)
        assert "broke the connection off" in error.message


async def test_an_endless_body_is_cut_at_the_limit() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.stream("/huge", 64 * 1024 * 1024)
        error = await failing(open_to_all(pool), site.url + "/huge")
        assert isinstance(error, Changed)
        assert str(10 * 1024 * 1024) in error.message


async def test_a_gzip_bomb_counts_unpacked() -> None:
    async with FakePlatform() as site, http_pool(max_body=100_000) as pool:
        site.gzip_bomb("/bomb", 50_000_000)
        assert isinstance(await failing(open_to_all(pool), site.url + "/bomb"), Changed)
        site.answer("/fits", gzip.compress(b"a" * 99_000), headers={"Content-Encoding": "gzip"})
        assert len((await open_to_all(pool).get(site.url + "/fits")).body) == 99_000


# --- errors ----------------------------------------------------------------------------------------------------------


async def test_a_rate_limit_says_when_again() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", status=429, headers={"Retry-After": "7", "X-RateLimit-Remaining": "0"})
        error = await failing(open_to_all(pool), site.url + "/a")
        assert isinstance(error, RateLimited)
        assert (error.retry_after, error.quota and error.quota.remaining) == (7, 0)
        site.answer("/date", status=429, headers={"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"})
        error = await failing(open_to_all(pool, wall_ms=lambda: 15_000), site.url + "/date")
        assert error.retry_after == 45


async def test_statuses_that_the_caller_accepts_are_answers() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", '{"error": "InvalidToken"}', status=400)
        assert isinstance(await failing(open_to_all(pool), site.url + "/a"), Changed)
        answer = await open_to_all(pool).get(site.url + "/a", accept=(400,))
        assert answer.json(dict[str, str]) == {"error": "InvalidToken"}


async def test_a_server_that_is_not_there() -> None:
    async with FakePlatform() as site:
        url = site.url
    async with http_pool() as pool:
        error = await failing(open_to_all(pool), url)
        assert isinstance(error, Unreachable)
        assert "No connection to 127.0.0.1" in error.message


async def test_no_tls_where_it_was_asked_for() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        error = await failing(open_to_all(pool), site.url.replace("http:", "https:"))
        assert isinstance(error, Unreachable)
        assert "secure connection" in error.message


async def test_what_is_not_http_is_changed() -> None:
    async def nonsense(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/9 what\r\n\r\n")
        request.transport.close()
        return web.Response()

    async with FakePlatform() as site, http_pool() as pool:
        site.answer_with("/", nonsense)
        assert isinstance(await failing(open_to_all(pool), site.url), Changed)


async def test_no_error_holds_a_secret_or_the_address_query() -> None:
    async with FakePlatform() as site, http_pool(timeout=0.2) as pool:
        site.hang("/hang/" + CANARY)
        site.redirect("/sent", f"ftp://{CANARY}.example/{CANARY}")
        site.answer("/no", status=401)
        site.half_body("/half", then_close=True)
        http = open_to_all(pool, secrets=[Secret("user"), Secret(CANARY)])
        basic = base64.b64encode(f"user:{CANARY}".encode()).decode()
        own = site.url.replace("http://", f"http://user:{CANARY}@")
        urls = [f"{base}{path}?t={CANARY}" for base in (site.url, own) for path in ("/sent", "/no", "/half", "/gone")]
        dead = [f"http://{CANARY}.127.0.0.1:1/", f"http://[{CANARY}/", f"https://127.0.0.1:{site.port}/?t={CANARY}"]
        for url in [*urls, *dead, f"{site.url}/hang/{CANARY}"]:
            error = await failing(http, url)
            told = "".join(traceback.format_exception(error)) + repr(error) + error.message + str(error)
            assert CANARY not in told, url
            assert basic not in told


async def test_a_redirect_that_leads_a_secret_into_the_message_is_redacted() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", f"http://{CANARY}.example/", 307)
        with pytest.raises(Changed) as caught:
            await open_to_all(pool, secrets=[Secret(CANARY)]).request("POST", site.url + "/a", json={})
        assert "to ***.example" in caught.value.message
        assert CANARY not in str(caught.value)


async def test_user_and_password_in_the_address_are_sent_as_basic_authorization() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.feed("/feed", auth=f"us er:{CANARY}")
        url = site.url.replace("http://", f"http://us%20er:{CANARY}@") + "/feed"
        answer = await open_to_all(pool).get(url)
        assert answer.status == 200
        assert CANARY not in answer.url


async def test_a_credential_with_a_line_break_is_refused_unsent() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        error = await failing(open_to_all(pool), site.url, headers={"Authorization": Secret(f"Bearer {CANARY}\n")})
        assert isinstance(error, Refused)
        assert CANARY not in str(error)
        assert site.requests == []


async def test_cookies_are_not_kept() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", headers={"Set-Cookie": "session=1; Path=/"})
        for _ in range(2):  # by name: cookies of bare addresses are never kept
            await open_to_all(pool).get(f"http://localhost:{site.port}/a")
        assert len(site.requests) == 2
        assert all("Cookie" not in seen.headers for seen in site.requests)


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakePlatform() as site, FakePlatform() as proxy, http_pool() as pool:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        site.answer("/a", "direct")
        assert (await open_to_all(pool).get(site.url + "/a")).body == b"direct"
        assert proxy.requests == []


# --- lease and lifecycle ---------------------------------------------------------------------------------------------


class LeaseOver(Exception):
    """What an agent raises when its lease ends."""


class Lease:
    """Ends at the n-th look."""

    def __init__(self, ends_at: int) -> None:
        self.looks = 0
        self._ends_at = ends_at

    def look(self) -> None:
        self.looks += 1
        if self.looks >= self._ends_at:
            raise LeaseOver


@pytest.mark.parametrize("ends_at", [1, 2])
async def test_the_lease_is_looked_at_before_the_request_and_once_connected(ends_at: int) -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/a", "x")
        lease = Lease(ends_at)
        with pytest.raises(LeaseOver):
            await open_to_all(pool, may_start=lease.look).get(site.url + "/a")
        assert (lease.looks, site.requests) == (ends_at, [])
        assert (await open_to_all(pool).get(site.url + "/a")).body == b"x"


async def test_the_lease_is_looked_at_on_a_kept_connection_and_at_each_redirect() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.redirect("/a", "/b")
        site.answer("/b", "x")
        whole = Lease(99)
        await open_to_all(pool, may_start=whole.look).get(site.url + "/a")
        assert whole.looks == 4
        for ends_at, sent in ((2, 0), (3, 1), (4, 1)):
            site.requests.clear()
            with pytest.raises(LeaseOver):
                await open_to_all(pool, may_start=Lease(ends_at).look).get(site.url + "/a")
            assert len(site.requests) == sent


async def test_start_and_close_may_be_repeated() -> None:
    pool = HttpPool()
    with pytest.raises(RuntimeError, match="not open"):
        await pool.bind().get("http://127.0.0.1/")
    await pool.start()
    await pool.start()
    await pool.close()
    await pool.close()
    with pytest.raises(RuntimeError, match="not open"):
        await pool.bind().get("http://127.0.0.1/")
