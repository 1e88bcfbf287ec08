import asyncio
from dataclasses import replace
from typing import Never

import pytest

from fjsim.backends.http.faults import FaultKind, TransientError
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


def test_call_beyond_max_calls_is_not_made(echo, ask) -> None:
    inner = echo()
    backend = BudgetBackend(inner, Ledger(max_calls=5, spent=Spend(calls=2)))
    with pytest.raises(BudgetError, match="max_calls is 5"):
        play(backend, [ask(str(n)) for n in range(9)])
    assert inner.calls == 3


def test_concurrent_calls_do_not_slip_through(echo, ask) -> None:
    inner = echo()
    replies = play(BudgetBackend(inner, Ledger(max_calls=4)), [ask()] * 9, together=True)
    assert inner.calls == 4
    assert sum(isinstance(reply, BudgetError) for reply in replies) == 5


def test_failed_attempts_count(echo, ask) -> None:
    def fail(request, nth) -> Never:
        raise TransientError(FaultKind.SERVER_ERROR, "no", 0.0)

    inner = echo(before=fail)
    backend = RetryBackend(BudgetBackend(inner, Ledger(max_calls=3)), Pace(max_attempts=9))
    with pytest.raises(BudgetError):
        play(backend, [ask()])
    assert inner.calls == 3


def test_tokens_stop_before_the_call_that_may_exceed_them(echo, ask) -> None:
    inner, ledger = echo(), Ledger(max_tokens=250)
    with pytest.raises(BudgetError, match="max_tokens"):
        play(BudgetBackend(inner, ledger), [ask()] * 99)
    assert ledger.spent.tokens == 50 * inner.calls
    assert 100 < ledger.spent.tokens <= 250


def test_call_waits_for_those_in_flight_where_they_may_leave_it_room(echo, ask) -> None:
    class Slow(echo):
        async def complete(self, request):
            await asyncio.sleep(0)
            return await super().complete(request)

    inner, ledger = Slow(), Ledger(max_tokens=1000)
    replies = play(BudgetBackend(inner, ledger), [ask()] * 15, together=True)
    assert not [reply for reply in replies if isinstance(reply, Exception)]
    assert ledger.spent.tokens == 750


def test_cost_is_capped_with_the_users_prices(echo, ask) -> None:
    ledger = Ledger(max_cost=0.01, spent=Spend(cost=0.005))
    inner = echo()
    backend = BudgetBackend(inner, ledger, Price(input=10, output=40))
    with pytest.raises(BudgetError, match="max_cost"):
        play(backend, [ask()] * 99)
    assert 0.005 < ledger.spent.cost <= 0.01


def test_cost_cap_without_prices_is_a_config_error(echo) -> None:
    with pytest.raises(ConfigError, match=r"budget\.prices"):
        BudgetBackend(echo(), Ledger(max_cost=1.0))


@pytest.mark.parametrize("kind", FaultKind)
def test_call_without_a_reply_counts_with_its_most_unless_the_server_did_no_work(
    echo, ask, kind
) -> None:
    def fail(request, nth) -> Never:
        raise TransientError(kind, "no")

    ledger = Ledger(max_tokens=1000)
    with pytest.raises(TransientError):
        play(BudgetBackend(echo(before=fail), ledger), [ask()])
    (account,) = ledger.log.accounts().values()
    assert (ledger.spent.calls, account.calls, account.failed_calls) == (1, 1, 1)
    assert ledger.spent.tokens == account.tokens_in + account.tokens_out
    worked = kind in (FaultKind.TIMEOUT, FaultKind.DISCONNECT, FaultKind.GARBAGE)
    assert (account.tokens_out, account.estimated_calls) == ((64, 1) if worked else (0, 0))


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        (Usage(40, 10, 8), Usage(40, 10, 8)),
        (Usage(-1_000_000, 10), Usage(46, 10)),
        (Usage(0, 0), Usage(46, 47)),
        (Usage(10**25, 10), Usage(46, 10)),
        (Usage(40, -5), Usage(40, 47)),
        (Usage(40, 10**25), Usage(40, 64)),
        (Usage(40, 10, -7), Usage(40, 10, 0)),
        (Usage(40, 10, 500), Usage(40, 10, 40)),
    ],
)
def test_impossible_usage_is_replaced_by_an_estimate_and_counted_as_one(
    echo, ask, said, counted
) -> None:
    class Liar(echo):
        async def complete(self, request):
            reply = await super().complete(request)
            return replace(reply, text="x" * 46, usage=said)

    ledger = Ledger(max_tokens=10**6)
    (reply,) = play(BudgetBackend(Liar(), ledger), [ask()])
    (account,) = ledger.log.accounts().values()
    assert reply.usage == account.usage
    assert reply.usage.tokens_out == counted.tokens_out
    assert reply.usage.tokens_cached == counted.tokens_cached
    if counted.tokens_in == said.tokens_in:
        assert reply.usage.tokens_in == said.tokens_in
    else:
        assert 20 < reply.usage.tokens_in < 120
    estimated = said.tokens_in != reply.usage.tokens_in or said.tokens_out != reply.usage.tokens_out
    assert account.estimated_calls == estimated
    assert ledger.spent.tokens == account.tokens_in + account.tokens_out


def test_reply_cut_off_at_its_limit_is_as_long_as_that(echo, ask) -> None:
    class Silent(echo):
        async def complete(self, request):
            reply = await super().complete(request)
            return replace(reply, usage=Usage(), finish_reason="length")

    (reply,) = play(BudgetBackend(Silent(), Ledger()), [ask()])
    assert reply.usage.tokens_out == 64


def test_server_that_takes_tokens_back_is_stopped_where_an_honest_one_is(echo, ask) -> None:
    class Liar(echo):
        async def complete(self, request):
            reply = await super().complete(request)
            return replace(reply, usage=replace(reply.usage, tokens_in=-1_000_000))

    honest, liar = echo(), Liar()
    for inner in (honest, liar):
        with pytest.raises(BudgetError, match="max_tokens"):
            play(BudgetBackend(inner, Ledger(max_tokens=2500)), [ask()] * 99)
    assert honest.calls / 2 < liar.calls <= honest.calls


def test_huge_number_once_does_not_raise_what_later_calls_may_take(echo, ask) -> None:
    class Liar(echo):
        async def complete(self, request):
            reply = await super().complete(request)
            return replace(reply, usage=replace(reply.usage, tokens_in=10**12))

    inner = Liar()
    with pytest.raises(BudgetError, match="max_tokens"):
        play(BudgetBackend(inner, Ledger(max_tokens=2500)), [ask()] * 99)
    assert inner.calls > 5


def test_embedded_model_is_capped_and_not_written_down(echo, ask) -> None:
    class Embedded(echo):
        simulated = True

    ledger = Ledger(max_calls=3)
    with pytest.raises(BudgetError, match="max_calls"):
        play(BudgetBackend(Embedded(), ledger), [ask()] * 9)
    assert ledger.spent.calls == 3
    assert not ledger.log.accounts()


def test_cached_tokens_have_their_own_price() -> None:
    price = Price(input=2, output=8, cached=0.5)
    assert price.cost(Usage(1_000_000, 500_000, 600_000)) == pytest.approx(0.8 + 0.3 + 4)
    assert Price(input=2, output=8).cost(Usage(1_000_000, 0, 600_000)) == pytest.approx(2)


def test_price_file_is_read_and_its_errors_are_named(tmp_path) -> None:
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
