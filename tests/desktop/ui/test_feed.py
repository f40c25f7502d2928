"""The feed's rows: paging by key, coalesced inserts, the banner, filters, flags."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex

from desktop.ui.models.feed import KEPT, PAGE
from engine.records import DetectionFilter, Marks
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import open_window


async def test_pages_are_appended_as_one_scrolls(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=450)) as opened:
        model = opened.window.detections.model
        assert [row.id for row in model.rows] == list(range(450, 250, -1))
        for expected in (400, 450):
            assert model.canFetchMore(QModelIndex())
            model.fetchMore(QModelIndex())
            await eventually(lambda expected=expected: len(model.rows) == expected)
        await opened.idle()
        assert [row.id for row in model.rows] == list(range(450, 0, -1))
        assert not model.canFetchMore(QModelIndex())


async def test_scrolling_to_the_end_fetches_more(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=450)) as opened:
        view = opened.window.detections.view
        view.scrollToBottom()
        await eventually(lambda: len(opened.window.detections.model.rows) > PAGE)


async def test_a_burst_comes_in_at_the_top_in_few_inserts(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=5)) as opened:
        model = opened.window.detections.model
        inserts: list[tuple[int, int]] = []
        model.rowsInserted.connect(lambda _parent, first, last: inserts.append((first, last)))
        for number in range(100):
            opened.memory.add_detection("acc_0001", f"new {number}")
        await eventually(lambda: len(model.rows) == 105)
        assert len(inserts) <= 2
        assert model.rows[0].text == "new 99"
        assert opened.window.detections.view.verticalScrollBar().value() == 0


async def test_more_than_a_page_at_once_leaves_no_gap(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=5)) as opened:
        model = opened.window.detections.model
        opened.memory.add_detections("acc_0001", [f"new {number}" for number in range(700)])
        await eventually(lambda: model.rows[0].id == 705)
        ids = [row.id for row in model.rows]
        assert ids == list(range(705, 705 - len(ids), -1))
        assert model.more  # what lies below is read again when scrolled to


async def test_following_keeps_few_rows(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=10)) as opened:
        model = opened.window.detections.model
        for _ in range(14):
            top = model.rows[0].id
            opened.memory.add_detections("acc_0001", ["x"] * (PAGE - 10))
            await eventually(lambda top=top: model.rows[0].id > top)
        assert len(model.rows) <= KEPT + PAGE
        assert [row.id for row in model.rows] == list(range(model.rows[0].id, model.rows[-1].id - 1, -1))


async def test_while_one_reads_new_ones_wait_behind_a_banner(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=30)) as opened:
        page = opened.window.detections
        page.step(1)
        opened.memory.add_detections("acc_0001", ["new"] * 24)
        await eventually(page.banner.isVisible)
        assert page.banner.accessibleName() == "24 new detections"
        assert page.model.rows[0].id == 30
        current = page.current()
        page.banner.click()
        await eventually(lambda: page.model.rows[0].id == 54)
        assert not page.banner.isVisible()
        assert page.current() == current  # still being read
        page.close_detection()
        opened.memory.add_detection("acc_0001", "later")
        await eventually(lambda: page.model.rows[0].text == "later")


async def test_waiting_ones_come_in_when_reading_ends(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=30)) as opened:
        page = opened.window.detections
        page.view.verticalScrollBar().setValue(200)
        opened.memory.add_detection("acc_0001", "new")
        await eventually(page.banner.isVisible)
        assert page.view.verticalScrollBar().value() == 200
        page.view.scrollToTop()
        await eventually(lambda: page.model.rows[0].text == "new")
        assert not page.banner.isVisible()


async def test_with_a_filter_only_matching_ones_are_counted(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2, detections=10)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.filters.chips["comment"].click()
        await opened.idle()
        page.step(1)
        memory.add_detections("acc_0001", ["mention"] * 3, kind="mention")
        memory.add_detections("acc_0001", ["comment"] * 2)
        await eventually(lambda: page.model.waiting == 2)
        page.filters.clear()
        page.filters.account.setCurrentIndex(page.filters.account.findData("acc_0001"))
        page.filters.account.activated.emit(1)
        await opened.idle()
        page.step(1)
        memory.add_detections("acc_0002", ["elsewhere"] * 4)
        memory.add_detections("acc_0001", ["here"] * 5)
        await eventually(lambda: page.model.waiting == 5)


async def test_chips_filter_and_all_shows_everything_again(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(detections=4)
    memory.add_detection("acc_0001", "hello", kind="direct_message", read=True)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.filters.chips["direct_message"].click()
        await eventually(lambda: [row.kind for row in page.model.rows] == ["direct_message"])
        page.filters.chips["unread"].click()
        await eventually(lambda: len(page.model.rows) == 4)
        assert page.model.where == DetectionFilter(unread=True)
        page.filters.chips["all"].click()
        await eventually(lambda: len(page.model.rows) == 5)


async def test_a_slow_answer_to_an_old_filter_is_dropped(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=5)) as opened:
        model = opened.window.detections.model
        model.show(DetectionFilter(kind="mention"))
        model.show(DetectionFilter(kind="comment"))
        await opened.idle()
        assert len(model.rows) == 5
        assert model.where.kind == "comment"


async def test_flags_set_elsewhere_are_shown(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=300)) as opened:
        model = opened.window.detections.model
        await opened.memory.api.detections.mark([299, 120], Marks(starred=True))  # 120 is not loaded
        await eventually(lambda: model.rows[1].starred)
        await opened.memory.api.detections.mark_where(DetectionFilter(), Marks(read=True))
        await eventually(lambda: all(row.read for row in model.rows))
        assert len(model.rows) == PAGE


async def test_the_detections_of_a_deleted_account_go_with_it(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2, detections=3)
    async with open_window(tmp_path, memory) as opened:
        memory.feed.rows.clear()
        memory.feed._ids.clear()
        await memory.api.accounts.delete("acc_0001")
        await eventually(lambda: not opened.window.detections.model.rows)
