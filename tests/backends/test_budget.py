import asyncio

import pytest

from fjsim.backends.faults import FaultKind, TransientError
from fjsim.backends.wrappers.budget import BudgetBackend, Ledger, Spend
from fjsim.backends.wrappers.prices import Price, PriceList, load_prices
from fjsim.backends.wrappers.retry import RetryBackend
from fjsim.contracts import Pace, Usage
from fjsim.errors import BudgetError, ConfigError


def play(backend, requests, *, together=False):
    async def run():
        if together:
            calls = (backend.complete(request) for request in requests)
            return await asyncio.gather(*calls, return_exceptions=True)
        return [await backend.complete(request) for request in requests]

    return asyncio.run(run())


def test_call_beyond_max_calls_is_not_made(echo, ask):
    inner = echo()
    backend = BudgetBackend(inner, Ledger(max_calls=5, spent=Spend(calls=2)))
    with pytest.raises(BudgetError, match="max_calls is 5"):
        play(backend, [ask(str(n)) for n in range(9)])
    assert inner.calls == 3


def test_concurrent_calls_do_not_slip_through(echo, ask):
    inner = echo()
    replies = play(BudgetBackend(inner, Ledger(max_calls=4)), [ask()] * 9, together=True)
    assert inner.calls == 4
    assert sum(isinstance(reply, BudgetError) for reply in replies) == 5


def test_failed_attempts_count(echo, ask):
    def fail(request, nth):
        raise TransientError(FaultKind.SERVER_ERROR, "no", 0.0)

    inner = echo(before=fail)
    backend = RetryBackend(BudgetBackend(inner, Ledger(max_calls=3)), Pace(max_attempts=9))
    with pytest.raises(BudgetError):
        play(backend, [ask()])
    assert inner.calls == 3


def test_tokens_stop_before_the_call_that_may_exceed_them(echo, ask):
    inner, ledger = echo(), Ledger(max_tokens=250)
    with pytest.raises(BudgetError, match="max_tokens"):
        play(BudgetBackend(inner, ledger), [ask()] * 99)
    assert ledger.spent.tokens == 50 * inner.calls
    assert 100 < ledger.spent.tokens <= 250


def test_call_waits_for_those_in_flight_where_they_may_leave_it_room(echo, ask):
    class Slow(echo):
        async def complete(self, request):
            await asyncio.sleep(0)
            return await super().complete(request)

    inner, ledger = Slow(), Ledger(max_tokens=1000)
    replies = play(BudgetBackend(inner, ledger), [ask()] * 15, together=True)
    assert not [reply for reply in replies if isinstance(reply, Exception)]
    assert ledger.spent.tokens == 750


def test_cost_is_capped_with_the_users_prices(echo, ask):
    ledger = Ledger(max_cost=0.01, spent=Spend(cost=0.005))
    inner = echo()
    backend = BudgetBackend(inner, ledger, Price(input=10, output=40))
    with pytest.raises(BudgetError, match="max_cost"):
        play(backend, [ask()] * 99)
    assert 0.005 < ledger.spent.cost <= 0.01


def test_cost_cap_without_prices_is_a_config_error(echo):
    with pytest.raises(ConfigError, match=r"budget\.prices"):
        BudgetBackend(echo(), Ledger(max_cost=1.0))


def test_call_that_broke_off_costs_a_call_and_gives_its_tokens_back(echo, ask):
    def fail(request, nth):
        raise TransientError(FaultKind.DISCONNECT, "gone")

    ledger = Ledger(max_tokens=1000)
    with pytest.raises(TransientError):
        play(BudgetBackend(echo(before=fail), ledger), [ask()])
    assert ledger.spent == Spend(calls=1)


def test_cached_tokens_have_their_own_price():
    price = Price(input=2, output=8, cached=0.5)
    assert price.cost(Usage(1_000_000, 500_000, 600_000)) == pytest.approx(0.8 + 0.3 + 4)
    assert Price(input=2, output=8).cost(Usage(1_000_000, 0, 600_000)) == pytest.approx(2)


def test_price_file_is_read_and_its_errors_are_named(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text("gpt-x: {input: 0.5, output: 1.5, cached: 0.05}\n")
    prices = load_prices(path)
    assert prices.of("gpt-x").cached == 0.05
    with pytest.raises(ConfigError, match="did you mean 'gpt-x'"):
        prices.of("gpt-y")
    path.write_text("gpt-x: {inputs: 0.5}\n")
    with pytest.raises(ConfigError, match=r"gpt-x\.input"):
        load_prices(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="not YAML"):
        load_prices(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_prices(tmp_path / "none.yaml")
    assert isinstance(prices, PriceList)
