import pytest

from engine.records import DetectionFilter
from engine.store.terms import contains, match_of, terms_of
from tests.support.stored import account, ids, item, open_store, page, put
from worker.protocol.messages import Author

TEXTS = {
    1: "您好，补货通知：新款到了",
    2: "缺货了吗？什么时候补",
    3: "Delivery is LATE again",
    4: "late deliveries of iPhone15手机",
    5: "Ｆｕｌｌｗｉｄｔｈ straße カタカナ",
    6: "货补 the other way round",
}
QUERIES = [
    ("补货", [1]),
    ("缺货", [2]),
    ("货补", [6]),
    ("补货通知", [1]),
    ("补货新款", []),
    ("通知补货", []),  # a run must stand together
    ("通知 补货", [1]),  # two runs need not
    ("补", [6, 2, 1]),
    ("货", [6, 2, 1]),
    ("知", [1]),
    ("late", [4, 3]),
    ("LATE again", [3]),
    ("deliver", [4, 3]),
    ("elivery", []),
    ("iphone15 手机", [4]),
    ("手机 late", [4]),
    ("fullwidth STRASSE", [5]),
    ("タカ", [5]),
    ("round of", []),
    ('"late" AND (NOT* ^x', []),
    ('late" again', [3]),
    ("late: again*", [3]),
    ("(late)", [4, 3]),
    ("“”!?", []),
    ("'; DROP TABLE detections", []),
    ("nothing", []),
]


async def fill(store):
    await store.accounts.add(account(), None)
    await put(store, *(item(seq, text=text) for seq, text in TEXTS.items()))


async def index(store):
    while await store.search.index_some(2):
        pass
    assert await store.search.behind() == 0


@pytest.mark.parametrize("indexed", [False, True], ids=["tail", "index"])
async def test_finds_the_same_before_and_after_indexing(tmp_path, indexed):
    async with open_store(tmp_path) as store:
        await fill(store)
        if indexed:
            await index(store)
        found = {query: ids(await page(store, q=query)) for query, _ in QUERIES}
        assert found == dict(QUERIES)
        assert len(await page(store, q="  ")) == len(TEXTS), "blank asks for nothing"


async def test_author_and_subject_are_searched_and_other_filters_hold(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account("a"), None)
        await store.accounts.add(account("b"), None)
        await put(
            store,
            item(1, "a", author=Author(name="小明", handle="@ming")),
            item(2, "b", author=Author(name="小明"), kind="mention"),
            item(3, "b", subject="小明"),
            item(4, "b", url="http://小明"),
        )
        for _ in range(2):
            assert ids(await page(store, q="小明")) == [3, 2, 1]
            assert ids(await page(store, q="ming")) == [1]
            assert ids(await page(store, q="小明", account_id="b", kind="mention")) == [2]
            await index(store)
        await store.accounts.delete("b")
        assert ids(await page(store, q="小明")) == [1]


async def test_pages_of_a_search_cross_from_the_tail_into_the_index(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await put(store, *(item(seq, text="补货") for seq in range(1, 7)))
        await store.search.index_some(3)
        await put(store, item(7, text="else"), item(8, text="补货"))
        where = DetectionFilter(q="补货")
        assert ids(await page(store, q="补货")) == [8, 6, 5, 4, 3, 2, 1]
        assert ids(await store.detections.page(where, after=None, before=6, limit=3)) == [5, 4, 3]
        assert ids(await store.detections.page(where, after=2, before=None, limit=4)) == [3, 4, 5, 6]


async def test_indexing_goes_on_where_it_stopped(tmp_path):
    async with open_store(tmp_path) as store:
        await fill(store)
        assert await store.search.index_some(2) == 2
    async with open_store(tmp_path) as store:
        assert await store.search.behind() == 4
        assert await store.search.index_some(100) == 4
        assert await store.search.index_some(100) == 0
        assert ids(await page(store, q="late")) == [4, 3]


def test_terms_are_words_and_neighbours():
    assert terms_of("Hello, 补货通!", "x_1") == "hello 补货 货通 通 x 1"
    assert terms_of("", "…") == ""
    assert terms_of("a" * 100) == "a" * 64


def test_a_query_is_only_quoted_terms():
    assert match_of('He"l* 补 补货 x 补货通') == '"he" * "l" "补" * "补货" "x" "补货 货通"'
    assert match_of("*:^()-\"'") == ""


def test_one_latin_letter_is_a_whole_word():
    assert contains("a", "this is a test")
    assert not contains("t", "this is")
