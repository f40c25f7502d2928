"""Workers: live health, which accounts sit where, and what can be done."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop.ui.dialogs.edit_worker import EditWorkerDialog
from engine.api.accounts import AccountLive
from engine.events import AccountChanged
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window


def cells(opened: Opened, worker_id: str) -> dict[str, str]:
    page = opened.window.workers
    row = page.model.rows[page.model.row_of(worker_id)]
    return {column: page._cells.text(row, column) for column in page.model.columns}


async def test_a_row_says_how_a_worker_fares(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=0)
    memory.add_worker(
        "w1",
        name="tokyo-01",
        kind="remote",
        host="10.0.4.11",
        cpu=93.4,
        memory=412_000_000,
        accounts=20,
        capacity=20,
        loop_lag=0.212,
        heartbeat_age=4.0,
        restarts=2,
        outbox=1234,
        state="degraded",
    )
    memory.add_worker("w2", state="offline", heartbeat_age=214.0)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("workers")
        shown = cells(opened, "w1")
        assert shown["worker"] == "tokyo-01, 10.0.4.11"
        assert shown["status"] == "Degraded"
        assert (shown["cpu"], shown["memory"], shown["lag"]) == ("93%", "412 MB", "212 ms")
        assert (shown["accounts"], shown["restarts"], shown["outbox"]) == ("20 / 20", "2", "1,234")
        assert shown["heartbeat"].startswith("4.")
        away = cells(opened, "w2")
        assert away["heartbeat"].startswith("3 min 3")
        assert (away["cpu"], away["memory"]) == ("–", "–")
        assert opened.window.workers.online.number.text() == "1 / 2"
        opened.window.grab()


async def test_the_accounts_on_a_worker_move_live(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2, workers=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        opened.window.show_page("workers")
        page.table.choose("local-1")
        assert [account.id for account in page.pane.accounts.accounts] == ["acc_0001", "acc_0002"]
        memory.fleet.lives["acc_0001"] = AccountLive("local-2", 2)
        memory.bus.publish(AccountChanged("acc_0001"))
        await eventually(lambda: [account.id for account in page.pane.accounts.accounts] == ["acc_0002"])
        page.table.choose("local-2")
        assert [account.id for account in page.pane.accounts.accounts] == ["acc_0001"]


async def test_add_restart_drain_remove(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        opened.window.show_page("workers")
        page.add.click()
        assert not page.add.isEnabled()
        await eventually(lambda: len(page.model.rows) == 2)
        await opened.idle()
        page.table.choose("local-1")
        page.pane.restart.click()
        await eventually(lambda: memory.workers.restarted == ["local-1"])
        await opened.idle()
        page.pane.drain.click()
        await eventually(lambda: memory.workers.rows["local-1"].draining)
        await eventually(lambda: page.pane.drain.accessibleName() == "Resume")
        opened.undo()
        await eventually(lambda: not memory.workers.rows["local-1"].draining)
        await opened.idle()
        page.pane.remove.click()
        await eventually(lambda: memory.workers.removed == ["local-1"])
        await eventually(lambda: len(page.model.rows) == 1)
        assert not page.pane.isVisible()


async def test_a_failed_worker_says_why_and_can_be_restarted(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_worker("local-1", state="failed", reason="Exited with code 1 five times.")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        opened.window.show_page("workers")
        page.table.choose("local-1")
        assert "Exited with code 1 five times." in page.pane.notice.text.text()
        page.pane.notice.button.click()
        await eventually(lambda: memory.workers.restarted == ["local-1"])


async def test_rename_and_resize(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        page.table.choose("local-1")
        page.edit()
        dialog = next(one for one in opened.window.findChildren(EditWorkerDialog) if one.isVisible())
        dialog.name.clear()
        dialog.save.click()
        assert dialog.rows["name"].error.text() == "Give it a name."
        dialog.name.setText("kitchen")
        dialog.capacity.setValue(7)
        dialog.save.click()
        await eventually(lambda: memory.workers.rows["local-1"].name == "kitchen")
        assert memory.workers.rows["local-1"].capacity == 7
        await opened.idle()


async def test_the_engine_s_refusal_becomes_a_toast(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(workers=10)) as opened:
        opened.window.show_page("workers")
        opened.window.workers.add.click()
        await eventually(opened.toasts)
        assert opened.toasts()[0].startswith("This computer runs as many workers as it may.")
        assert opened.window.workers.add.isEnabled()


async def test_no_workers(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=0)
    memory.add_account("Blog")
    async with open_window(tmp_path, memory) as opened:
        assert "No worker is online" in opened.window.notice.text.text()
        opened.window.notice.button.click()
        page = opened.window.workers
        assert page.isVisible()
        assert page.card.panel.title.text() == "No workers"
        page.card.panel.primary.click()
        await eventually(lambda: len(page.model.rows) == 1)


async def test_the_choice_stays_on_its_worker_when_rows_move(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        page.table.choose("local-2")
        memory.add_worker("local-0")
        await eventually(lambda: len(page.model.rows) == 3)
        assert page.table.current_id() == "local-2"
        memory.workers.put(replace(memory.workers.rows["local-2"], cpu=77.0))
        await eventually(lambda: cells(opened, "local-2")["cpu"] == "77%")


async def test_tags_of_a_worker_are_shown_and_changed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=0)
    memory.add_worker("local-1", tags=("eu",))
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        opened.window.show_page("workers")
        page.table.choose("local-1")
        assert page.pane._facts.values["tags"].text() == "eu"
        page.edit()
        dialog = next(one for one in opened.window.findChildren(EditWorkerDialog) if one.isVisible())
        dialog.tags.setText("eu， fast ,, ")
        dialog.save.click()
        await eventually(lambda: memory.workers.rows["local-1"].tags == ("eu", "fast"))
        await opened.idle()


async def test_workers_that_all_drain_are_no_workers_that_are_away(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=0)
    memory.add_worker("local-1", state="draining", draining=True)
    memory.add_account("Blog")
    async with open_window(tmp_path, memory) as opened:
        assert "No worker takes accounts" in opened.window.notice.text.text()
        opened.window.show_page("workers")
        opened.window.workers.table.choose("local-1")
        assert opened.window.workers.pane.notice.text.text() == "It takes no accounts until you resume it."


async def test_whoever_is_gone_is_called_that_and_not_by_an_id(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        directory = opened.window.directory
        assert directory.worker_name("w5f2c9a77e01b") == "removed worker"
        assert directory.worker_name("local-7") == "local-7"
        assert directory.account_name("acc_01934c2f7e1a9c3d0b52") == "deleted account"
        directory.loaded = False
        assert directory.account_name("acc_01934c2f7e1a9c3d0b52") == "–"
