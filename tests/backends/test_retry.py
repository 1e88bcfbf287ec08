import asyncio
from typing import Never

import pytest

from fjsim.backends.http.faults import FaultKind, RefusalError, TransientError
from fjsim.backends.wrappers.retry import RetryBackend
from fjsim.contracts import Pace
from fjsim.errors import BackendRefusedError, BackendUnreachableError

PACE = Pace(max_concurrency=4, max_attempts=3, total_timeout=60)


def failing(*numbers, kind=FaultKind.SERVER_ERROR, retry_after=0.0):
    def before(request, nth) -> None:
        if nth in numbers:
            raise TransientError(kind, "went wrong", retry_after)

    return before


def test_reply_after_faults_counts_its_attempts(echo, ask) -> None:
    backend = RetryBackend(echo(before=failing(1, 2)), PACE)
    reply = asyncio.run(backend.complete(ask()))
    assert (reply.attempts, reply.failure) == (3, "")


def test_reply_given_up_after_a_success_is_a_failure_with_its_reason(echo, ask) -> None:
    inner = echo(before=failing(2, 3, 4, kind=FaultKind.TIMEOUT))
    backend = RetryBackend(inner, PACE)

    async def twice():
        return [await backend.complete(ask()), await backend.complete(ask("next"))]

    first, second = asyncio.run(twice())
    assert first.failure == ""
    assert second.failure.startswith("timeout after 3 attempts")
    assert (second.text, second.attempts, inner.calls) == ("", 3, 4)


def test_endpoint_that_never_answered_stops_the_run_after_the_capped_attempts(echo, ask) -> None:
    inner = echo(before=failing(*range(1, 99), kind=FaultKind.UNREACHABLE))
    with pytest.raises(BackendUnreachableError, match=r"3 attempts .* no reply yet"):
        asyncio.run(RetryBackend(inner, PACE).complete(ask()))
    assert inner.calls == 3


def test_server_that_went_away_stops_the_run_instead_of_losing_its_turns(echo, ask) -> None:
    backend = RetryBackend(echo(before=failing(*range(2, 99))), PACE)

    async def many():
        await backend.complete(ask())
        return [await backend.complete(ask(str(i))) for i in range(9)]

    with pytest.raises(BackendUnreachableError, match="last 5 replies were all given up"):
        asyncio.run(many())


def test_refusal_is_not_asked_again(echo, ask) -> None:
    def refuse(request, nth) -> Never:
        raise RefusalError(401, "no")

    inner = echo(before=refuse)
    with pytest.raises(BackendRefusedError):
        asyncio.run(RetryBackend(inner, PACE).complete(ask()))
    assert inner.calls == 1


def waits_of(backend, request, monkeypatch):
    waits = []

    async def sleep(seconds) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(backend.complete(request))
    return waits


def test_retry_after_is_honoured_and_not_by_all_at_once(echo, ask, monkeypatch) -> None:
    inner = echo(before=failing(1, 2, kind=FaultKind.RATE_LIMIT, retry_after=7.0))
    waits = waits_of(RetryBackend(inner, PACE), ask(), monkeypatch)
    assert all(7.0 <= wait <= 8.75 for wait in waits)
    assert waits[0] != waits[1]


def test_backoff_doubles_and_is_drawn_below_its_cap(echo, ask, monkeypatch) -> None:
    pace = Pace(max_attempts=20, total_timeout=1e6)
    backend = RetryBackend(echo(before=failing(*range(1, 20), retry_after=None)), pace)
    waits = waits_of(backend, ask(), monkeypatch)
    caps = [min(30.0, 0.5 * 2**n) for n in range(19)]
    assert all(0 <= wait <= cap for wait, cap in zip(waits, caps, strict=True))
    assert max(waits) > 4


def test_wait_longer_than_the_total_time_gives_up_at_once(echo, ask) -> None:
    inner = echo(before=failing(2, kind=FaultKind.RATE_LIMIT, retry_after=3600.0))
    backend = RetryBackend(inner, PACE)

    async def twice():
        await backend.complete(ask())
        return await backend.complete(ask())

    assert "1 attempts" in asyncio.run(twice()).failure


def test_rate_limits_cut_the_concurrency_and_answers_grow_it_again(echo, ask) -> None:
    inner = echo(before=failing(1, 2, kind=FaultKind.RATE_LIMIT))
    backend = RetryBackend(inner, PACE)

    async def run():
        await backend.complete(ask())
        cut = backend.limit.limit
        for number in range(20):
            await backend.complete(ask(str(number)))
        return cut

    assert asyncio.run(run()) == pytest.approx(3.1)
    assert backend.limit.limit == 4


def test_cancelled_request_gives_its_place_back(echo, ask) -> None:
    backend = RetryBackend(echo(before=failing(1, retry_after=99.0)), Pace(max_concurrency=1))

    async def run():
        task = asyncio.create_task(backend.complete(ask()))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await backend.complete(ask("next"))

    assert asyncio.run(run()).failure == ""
    assert backend.limit.in_flight == 0
