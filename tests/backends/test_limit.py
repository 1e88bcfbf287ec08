import asyncio
from contextlib import asynccontextmanager

from fjsim.backends.wrappers.limit import AdaptiveLimit


@asynccontextmanager
async def place(limit, again=False):
    await limit.acquire(again=again)
    try:
        yield
    finally:
        limit.release()


def test_never_more_in_flight_than_the_limit() -> None:
    limit = AdaptiveLimit(3)
    most = 0

    async def one() -> None:
        nonlocal most
        async with place(limit):
            most = max(most, limit.in_flight)
            await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(*(one() for _ in range(50)))

    asyncio.run(run())
    assert (most, limit.in_flight) == (3, 0)


def test_places_go_first_come_first_served_but_repeated_requests_go_first() -> None:
    limit, order = AdaptiveLimit(1), []

    async def one(name, again=False) -> None:
        async with place(limit, again):
            order.append(name)
            await asyncio.sleep(0)

    async def run() -> None:
        async with place(limit):
            tasks = [asyncio.create_task(one(name)) for name in "abc"]
            await asyncio.sleep(0)
            tasks.append(asyncio.create_task(one("again", again=True)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert order == ["again", "a", "b", "c"]


def test_wave_rejected_whole_halves_the_limit_and_one_in_ten_leaves_it() -> None:
    limit = AdaptiveLimit(100)
    for _ in range(100):
        limit.rejected()
    assert limit.limit == 50
    for _ in range(10):
        limit.rejected()
        for _ in range(9):
            limit.answered()
    assert limit.limit > 50


def test_limit_stays_at_least_one() -> None:
    limit = AdaptiveLimit(2)
    for _ in range(10):
        limit.rejected()
    assert limit.limit == 1


def test_cancelled_waiter_leaves_the_queue_working() -> None:
    limit = AdaptiveLimit(1)

    async def wait() -> None:
        async with place(limit):
            pass

    async def run() -> None:
        await limit.acquire()
        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        limit.release()
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(wait(), 5)

    asyncio.run(run())
    assert limit.in_flight == 0
