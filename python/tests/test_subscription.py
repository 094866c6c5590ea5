"""hr.Client.subscribe(): a window followed as it moves, and a server that misbehaves."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

import headrace as hr
from conftest import free_port

WAIT_SECONDS = 20.0


@pytest.fixture
def window(client: hr.Client) -> Iterator[hr.RemoteBuffer]:
    made = client.create("followed", window_size=100)
    yield made
    with suppress(hr.UnknownName):
        made.delete()


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"n": n, "x": n / 4, "even": n % 2 == 0} for n in range(first, first + count)]


def take(live: hr.Subscription, until: int) -> list[int]:
    """The values of n up to that one."""
    seen: list[int] = []
    while not seen or seen[-1] != until:
        batch = live.read(WAIT_SECONDS)
        assert batch is not None
        seen += batch["n"].to_pylist()
    return seen


def test_state_then_changes(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 150))
    with client.subscribe("followed", policy="all") as live:
        assert live.first_row == 50
        assert take(live, 149) == list(range(50, 150))
        assert live.is_state
        for n in range(150, 170):
            window.append(rows(n, 1))
        assert take(live, 169) == list(range(150, 170))
        assert not live.is_state
        window.clear()
        window.append(rows(7, 1))
        assert take(live, 7) == [7]
        assert (live.times_cleared, live.rows_skipped) == (1, 0)


def test_iterating(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 3))
    with client.subscribe("followed", tail=2, columns=["x"], filter=hr.col("n") > 1) as live:
        for batch in live:
            assert batch.to_pydict() == {"x": [0.5]}
            break
    assert list(live) == []


def test_features_are_those_of_the_buffer(client: hr.Client, window: hr.RemoteBuffer) -> None:
    plan = hr.FeaturePlan(
        rolling_windows=[5], include_rolling_stats=["std"], lag_periods=[2], fill=None
    )
    window.append(rows(0, 40))
    with client.subscribe("followed", plan, tail=7) as live:
        batch = live.read(WAIT_SECONDS)
    assert batch is not None
    expected = window.features(plan, tail=7)
    assert batch.schema.names == expected.columns
    for name in ("x_rolling_std_5", "n_lag_2"):
        np.testing.assert_array_equal(batch[name].to_numpy(), expected[name])


def test_a_table_is_sent_once(client: hr.Client) -> None:
    client.put_table("followed-once", rows(0, 10))
    with client.subscribe("followed-once") as live:
        assert sum(batch.num_rows for batch in live) == 10
        assert live.read(WAIT_SECONDS) is None
    client.drop_table("followed-once")


def test_a_window_that_is_dropped(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 1))
    with client.subscribe("followed") as live:
        take(live, 0)
        window.delete()
        with pytest.raises(hr.UnknownName):
            live.read(WAIT_SECONDS)
        assert live.read(WAIT_SECONDS) is None


def test_refusals(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 1))
    with pytest.raises(hr.UnknownName):
        client.subscribe("nowhere")
    with pytest.raises(hr.UnknownName) as refused:
        client.subscribe("followed", columns=["y"])
    assert refused.value.location[:1] == ("columns",)
    with pytest.raises(hr.InvalidArgument):
        client.subscribe("followed", rate=0)


def test_waiting_is_bounded(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 1))
    with client.subscribe("followed", tail=0) as live:
        with pytest.raises(hr.Timeout):
            live.read(0.05)
        window.append(rows(1, 1))
        assert take(live, 1) == [1]


def test_close_ends_a_reader_of_another_thread(client: hr.Client, window: hr.RemoteBuffer) -> None:
    window.append(rows(0, 1))
    live = client.subscribe("followed", tail=0)
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.append(list(live)))
    reader.start()
    live.close()
    reader.join(WAIT_SECONDS)
    assert seen == [[]]
    live.close()
    clients = client.health()["live"]["clients"]
    assert clients == 0, "the server forgets it"


def test_a_slow_reader_is_told_what_it_missed(client: hr.Client) -> None:
    text = "x" * 20_000
    window = client.create("followed-slow", window_size=500)
    window.append([{"n": 0, "text": text}])
    with client.subscribe("followed-slow", rate=1000) as live:
        for first in range(1, 6001, 100):
            window.append([{"n": n, "text": text} for n in range(first, first + 100)])
        seen = take(live, 6000)
        assert seen == sorted(set(seen))
        assert len(seen) + live.rows_skipped == 6001
        assert live.rows_skipped > 1000
    window.delete()


@contextmanager
def scripted(act: Callable[[ServerConnection], None]) -> Iterator[hr.Client]:
    """A client of a live socket that subscribes anybody, then does as told."""

    def subscribe_then(socket: ServerConnection) -> None:
        socket.recv(WAIT_SECONDS)
        socket.send('{"subscribed": {"id": 1, "number": 1, "first_row": 0}}')
        act(socket)

    with serve(subscribe_then, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hr.Client(f"http://127.0.0.1:{server.socket.getsockname()[1]}", timeout=5)
        server.shutdown()
        thread.join(WAIT_SECONDS)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1001, hr.Unavailable), (1013, hr.MemoryLimit), (4001, hr.TooLarge), (1002, OSError)],
)
def test_closing_codes(code: int, kind: type[Exception]) -> None:
    with (
        scripted(lambda socket: socket.close(code, "why")) as client,
        client.subscribe("w") as live,
        pytest.raises(kind) as raised,
    ):
        live.read(WAIT_SECONDS)
    assert isinstance(raised.value, hr.HeadraceError)


def test_a_connection_that_breaks() -> None:
    with (
        scripted(lambda socket: socket.socket.close()) as client,
        client.subscribe("w") as live,
        pytest.raises(hr.HeadraceIOError),
    ):
        live.read(WAIT_SECONDS)


def test_a_failure_behind_the_beginning() -> None:
    closed = (
        '{"closed": {"id": 1, "reason": "error", "rows": 0, '
        '"because": {"code": "memory_limit", "message": "m", "location": []}}}'
    )
    with (
        scripted(lambda socket: socket.send(closed)) as client,
        client.subscribe("w") as live,
        pytest.raises(hr.MemoryLimit),
    ):
        live.read(WAIT_SECONDS)


def test_no_server() -> None:
    with pytest.raises(hr.Unavailable):
        hr.Client(f"http://127.0.0.1:{free_port()}").subscribe("w")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.sync.client", None)
    with pytest.raises(ImportError, match=r"headrace\[live\]"):
        hr.Client().subscribe("w")
