import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import ClassVar

import pytest

from fjsim import registry
from fjsim.backends.assembly import make_backend
from fjsim.backends.wrappers.cache import CachedBackend, cache_key
from fjsim.backends.wrappers.retry import RetryBackend
from fjsim.backends.wrappers.store import BATCH, ReplyStore, default_path, delete_store
from fjsim.contracts import Backend, Pace, Reply, Request, Sampling
from fjsim.errors import StorageError


def play(backend, *requests):
    async def run():
        try:
            return [await backend.complete(request) for request in requests]
        finally:
            await backend.close()

    return asyncio.run(run())


def test_second_run_asks_nothing_and_gets_the_same(echo, ask, tmp_path) -> None:
    inner, path = echo(), tmp_path / "deep" / "cache.sqlite3"
    (first,) = play(CachedBackend(inner, path), ask())
    (again,) = play(CachedBackend(inner, path), ask())
    assert inner.calls == 1
    assert (again.cached, again.attempts) == (True, 0)
    assert (again.text, again.usage, again.model) == (first.text, first.usage, first.model)
    assert inner.closed == 2


def test_reply_is_there_before_it_is_committed(echo, ask, tmp_path) -> None:
    inner = echo()
    _, second = play(CachedBackend(inner, tmp_path / "c.sqlite3"), ask(), ask())
    assert second.cached
    assert inner.calls == 1


def test_twin_in_flight_is_waited_for_and_not_asked_twice(echo, ask, tmp_path) -> None:
    inner = echo()
    backend = CachedBackend(inner, tmp_path / "c.sqlite3")

    async def run():
        try:
            return await asyncio.gather(*(backend.complete(ask()) for _ in range(5)))
        finally:
            await backend.close()

    replies = asyncio.run(run())
    assert inner.calls == 1
    assert [reply.cached for reply in replies] == [False, True, True, True, True]


def test_failed_reply_is_not_kept(echo, ask, tmp_path) -> None:
    class Failing(echo):
        async def complete(self, request):
            return replace(await super().complete(request), text="", failure="timeout")

    inner = Failing()
    play(CachedBackend(inner, tmp_path / "c.sqlite3"), ask(), ask())
    assert inner.calls == 2


@pytest.mark.parametrize(
    "other",
    [
        lambda ask: ask("else?"),
        lambda ask: ask(seat=1),
        lambda ask: ask(round=1),
        lambda ask: ask(seed=1),
        lambda ask: replace(ask(), sampling=Sampling(temperature=0)),
        lambda ask: replace(ask(), schema=None),
        lambda ask: replace(ask(), logprobs=3),
        lambda ask: replace(ask(), messages=ask().messages[1:]),
    ],
)
def test_key_tells_requests_apart(ask, other) -> None:
    assert cache_key("m", ask()) != cache_key("m", other(ask))
    assert cache_key("m", ask()) == cache_key("m", ask())
    assert cache_key("m", ask()) != cache_key("other", ask())


def test_key_does_not_run_messages_together(ask) -> None:
    def split(first, second):
        system, user = ask().messages
        return replace(
            ask(), messages=(replace(system, content=first), replace(user, content=second))
        )

    assert cache_key("m", split("ab", "c")) != cache_key("m", split("a", "bc"))


def test_a_reply_that_could_not_be_read_is_forgotten_committed_or_not(echo, ask, tmp_path) -> None:
    inner, path = echo(), tmp_path / "c.sqlite3"
    backend = CachedBackend(inner, path)

    async def run() -> None:
        try:
            for _ in range(2):
                await backend.complete(ask())
                backend.forget(ask())
        finally:
            await backend.close()

    asyncio.run(run())
    assert inner.calls == 2
    play(CachedBackend(inner, path), ask())
    late = CachedBackend(inner, path)

    async def again():
        try:
            kept = await late.complete(ask())
            late.forget(ask())
            return kept, await late.complete(ask())
        finally:
            await late.close()

    kept, asked = asyncio.run(again())
    assert (kept.cached, asked.cached) == (True, False)
    assert inner.calls == 4


def test_a_row_that_cannot_be_read_is_asked_again(echo, ask, tmp_path) -> None:
    inner, path = echo(), tmp_path / "c.sqlite3"
    play(CachedBackend(inner, path), ask())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE replies SET tokens_in = 'many'")
    play(CachedBackend(inner, path), ask())
    (reply,) = play(CachedBackend(inner, path), ask())
    assert inner.calls == 2
    assert reply.cached


def test_logprobs_and_odd_text_survive(tmp_path) -> None:
    store = ReplyStore(tmp_path / "c.sqlite3")
    store.put(b"k", "m", Reply(text="é\x00\ud800", logprobs={"A": -0.5}))
    before = store.get(b"k")
    store.commit()
    after = store.get(b"k")
    store.close()
    assert before == after
    assert after.logprobs == {"A": -0.5}
    assert after.text == "é\x00\ufffd"


@pytest.mark.parametrize("draws", [1, 4])
def test_replies_not_kept_yet_and_requests_in_flight_are_no_more_than_the_limit(
    echo, ask, tmp_path, draws
) -> None:
    path, limit = tmp_path / "c.sqlite3", 3
    reader, most = ReplyStore(path), 0

    class Slow(echo):
        async def complete(self, request):
            nonlocal most
            reply = await super().complete(request)
            kept = sum(count.replies for count in reader.counts())
            most = max(most, self.calls - kept)
            for _ in range(request.sample.seat % 3):
                await asyncio.sleep(0)
            return reply

    backend = CachedBackend(RetryBackend(Slow(), Pace(max_concurrency=limit)), path)

    async def turn(seat) -> None:
        for draw in range(draws):
            await backend.complete(ask(f"{draw}", seat=seat))

    async def run() -> None:
        try:
            await asyncio.gather(*(turn(seat) for seat in range(40)))
        finally:
            await backend.close()

    asyncio.run(run())
    assert sum(count.replies for count in reader.counts()) == 40 * draws
    reader.close()
    assert most == limit


def test_full_disk_is_told_to_the_next_request_and_at_the_end(echo, ask, tmp_path) -> None:
    backend = CachedBackend(echo(), tmp_path / "c.sqlite3")

    async def run() -> None:
        await backend.complete(ask("1"))
        await asyncio.sleep(0)
        backend._store._connection.execute("PRAGMA max_page_count = 1")
        await backend.complete(ask("x" * 9, seat=1))
        for number in range(64):
            await backend.complete(ask(f"{number}", seat=2))
            await asyncio.sleep(0)

    with pytest.raises(StorageError, match="full"):
        asyncio.run(run())
    with pytest.raises(StorageError, match="full"):
        asyncio.run(backend.close())


WRITER = """
import sys
from pathlib import Path
from fjsim.backends.wrappers.retry import RetryBackend
from fjsim.backends.wrappers.store import ReplyStore
from fjsim.contracts import Reply
store = ReplyStore(Path(sys.argv[1]))
for number in range(500):
    store.put(f"{sys.argv[2]}-{number}".encode(), "m", Reply(text="x" * 500))
    store.put(f"shared-{number}".encode(), "m", Reply(text="same"))
store.close()
"""


def test_two_processes_write_one_cache_at_once(tmp_path) -> None:
    path = tmp_path / "c.sqlite3"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = ReplyStore(path)
    (counts,) = store.counts()
    store.close()
    assert counts.replies == 1500


def test_batches_are_committed_while_running(tmp_path) -> None:
    path = tmp_path / "c.sqlite3"
    store, reader = ReplyStore(path), ReplyStore(path)
    for number in range(BATCH):
        store.put(str(number).encode(), "m", Reply(text="x"))
    assert reader.get(b"0") is not None
    store.close()
    reader.close()


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 99, b"SQLite format 3\x00" * 300]
)
def test_damaged_file_is_one_clear_error_and_can_be_cleared(tmp_path, content) -> None:
    path = tmp_path / "c.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="fjsim cache clear"):
        ReplyStore(path)
    assert delete_store(path) == len(content)
    ReplyStore(path).close()


def test_cache_of_a_newer_layout_is_refused(tmp_path) -> None:
    path = tmp_path / "c.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="another version"):
        ReplyStore(path)


def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="FJSIM_CACHE_DIR"):
        ReplyStore(tmp_path / "file" / "c.sqlite3")


def test_full_disk_is_a_storage_error(tmp_path) -> None:
    store = ReplyStore(tmp_path / "c.sqlite3")
    store._connection.execute("PRAGMA max_page_count = 8")
    for number in range(BATCH - 1):
        store.put(str(number).encode(), "m", Reply(text="x" * 5000))
    with pytest.raises(StorageError, match="full"):
        store.put(b"last", "m", Reply(text="x"))
    with pytest.raises(StorageError, match="full"):
        store.close()


def test_folder_comes_from_the_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path / "mine"))
    assert default_path() == tmp_path / "mine" / "responses.sqlite3"
    monkeypatch.delenv("FJSIM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_path() == tmp_path / "fjsim" / "responses.sqlite3"


class Own(Backend):
    """Somebody's backend, which says nothing of its identity; ``says`` is what it answers."""

    says: ClassVar[str] = "broken"

    async def complete(self, request: Request) -> Reply:
        return Reply(text=self.says)


class Named(Own):
    """One that says whose replies it gives."""

    @property
    def identity(self) -> str:
        return "named model of the first day"


class Changed(Named):
    """One that answers otherwise than the backend whose identity it has inherited."""

    async def complete(self, request: Request) -> Reply:
        return Reply(text=self.says)


@pytest.fixture
def own_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in {"own": Own, "named": Named, "changed": Changed}.items():
        monkeypatch.setitem(registry._entries, ("backend", name), _entry(name, kind))


def _entry(name: str, kind: type[Backend]) -> registry.Entry:
    return registry.Entry("backend", name, kind, "somebody")


@pytest.mark.parametrize(
    ("kind", "second"), [("own", "mended"), ("changed", "mended"), ("named", "broken")]
)
def test_only_a_backend_with_an_identity_of_its_own_is_answered_from_the_cache(
    kind: str, second: str, own_backends, ask, tmp_path, monkeypatch
) -> None:
    path = tmp_path / "c.sqlite3"
    play(make_backend(kind, cache_path=path), ask())
    monkeypatch.setattr(Own, "says", "mended")
    (again,) = play(make_backend(kind, cache_path=path), ask())
    assert again.text == second
    assert again.cached == (second == "broken")
