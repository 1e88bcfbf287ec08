"""What tokens cost: a file of the user's, ``model: {input: $/1M, output: $/1M, cached: $/1M}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fjsim.contracts import Usage
from fjsim.errors import ConfigError, nearest
from fjsim.serial.yaml import parse_yaml

MILLION = 1_000_000


class Price(BaseModel):
    """Dollars, or what currency the file is in, per million tokens.

    Parameters
    ----------
    input, output : float
        Price of tokens sent and of tokens received, >= 0.
    cached : float or None
        Price of tokens that the server had cached; None where they cost as much as others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)

    def cost(self, usage: Usage) -> float:
        """Return what these tokens cost."""
        cached = min(usage.tokens_cached, usage.tokens_in)
        cached_price = self.input if self.cached is None else self.cached
        fresh = (usage.tokens_in - cached) * self.input
        return (fresh + cached * cached_price + usage.tokens_out * self.output) / MILLION


@dataclass(frozen=True)
class PriceList:
    """Prices by model.

    Parameters
    ----------
    prices : mapping of str to Price
        By model id, as the scenario or the server has it.
    source : str
        The file, for messages.
    """

    prices: Mapping[str, Price]
    source: str = "the price file"

    def of(self, model: str) -> Price:
        """Return the price of a model.

        Raises
        ------
        ConfigError
            If the file does not have it.
        """
        if model in self.prices:
            return self.prices[model]
        raise ConfigError(
            f"{self.source} has no price for '{model}'; it has {', '.join(self.prices)}"
            + nearest(model, self.prices)
        )


def load_prices(path: str | Path) -> PriceList:
    """Read a price file.

    Raises
    ------
    ConfigError
        If it is missing, no YAML, or a price is wrong.
    """
    try:
        values = parse_yaml(Path(path).read_text(encoding="utf-8"))
        prices = TypeAdapter(dict[str, Price]).validate_python(values)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the price file cannot be read ({error})") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: the price file is not YAML that can be read{error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "top"
        raise ConfigError(
            f"{path}, {where}: {first['msg']}; write each model as "
            "'name: {input: 0.5, output: 1.5, cached: 0.05}', per million tokens"
        ) from error
    return PriceList(prices, str(path))
