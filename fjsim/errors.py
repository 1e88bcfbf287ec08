"""Every way fjsim can fail, and the exit code the command line gives it.

::

    FjsimError                        70  a bug of ours, unless a subclass says otherwise
    ├── UsageError                     2  something the user gave is wrong
    │   ├── ConfigError                   a scenario, a sweep, a flag or a plug-in parameter
    │   │   └── TrustError                a file asks for what only the user may allow
    │   ├── UnknownNameError              a name that nothing is registered under
    │   ├── PluginError                   a plug-in that does not load or clashes
    │   ├── QuestionError                 a question set that cannot be read
    │   ├── LogFormatError                a recorded deliberation that cannot be read
    │   ├── EdgeListError                 a network file that cannot be read
    │   ├── ParameterError                numbers outside the model: shape, range, NaN
    │   │   └── BeliefError               not a probability vector
    │   └── NotConvergentError            an equilibrium that is not unique
    ├── BackendError                   3  a model that cannot be asked
    │   ├── BackendUnreachableError       nobody answers
    │   └── BackendRefusedError           the server said no, and will say it again
    ├── BudgetError                    4  the next call would exceed the budget
    ├── StorageError                   5  local disk: unwritable, full, damaged
    │   └── RunFolderBusyError            another process writes this run
    └── InterruptedRunError          130  stopped by the user; what is done is kept

A message says what was given, what is allowed and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

LONGEST_MESSAGE = 1500
"""How many characters a message has: what it quotes may come from others."""


class FjsimError(Exception):
    """Root of all errors raised on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line exits with.
    """

    exit_code: ClassVar[int] = 70

    def __str__(self) -> str:
        return capped(super().__str__())


class UsageError(FjsimError):
    """Something the user gave is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A scenario, a sweep, a flag or a plug-in parameter is wrong."""


class TrustError(ConfigError):
    """A file asks for what only the user may allow: a program, a key, a file to write."""


class UnknownNameError(UsageError):
    """Nothing is registered under that name."""


class PluginError(UsageError):
    """A plug-in does not load, or two claim one name."""


class QuestionError(UsageError):
    """A question set cannot be read."""


class LogFormatError(UsageError):
    """A recorded deliberation cannot be read."""


class EdgeListError(UsageError):
    """A network file cannot be read."""


class ParameterError(UsageError, ValueError):
    """Numbers outside the model: a shape, a range, NaN."""


class BeliefError(ParameterError):
    """Not a probability vector over the options."""


class NotConvergentError(UsageError, ArithmeticError):
    """The equilibrium is not unique."""


class BackendError(FjsimError):
    """A model cannot be asked."""

    exit_code = 3


class BackendUnreachableError(BackendError):
    """Nobody answers at the endpoint."""


class BackendRefusedError(BackendError):
    """The server said no, and will say it again."""


class BudgetError(FjsimError):
    """The next call would exceed the budget."""

    exit_code = 4


class StorageError(FjsimError):
    """The local disk: unwritable, full, damaged."""

    exit_code = 5


class RunFolderBusyError(StorageError):
    """Another process writes this run."""


class InterruptedRunError(FjsimError):
    """Stopped by the user; what is done is kept."""

    exit_code = 130


class DamagedLogWarning(UserWarning):
    """Lines of a run's log are damaged; they are skipped and named."""


class IncompleteRunWarning(UserWarning):
    """A run folder lacks something: questions yet to be finished, or what measures it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the closest known name, or nothing.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What is allowed.

    Returns
    -------
    str
        ``"; did you mean 'star'?"`` or an empty string.
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def capped(message: str) -> str:
    """Return a message without its middle where it is too long; what to do stands at its end."""
    if len(message) <= LONGEST_MESSAGE:
        return message
    end = LONGEST_MESSAGE // 3
    return f"{message[: LONGEST_MESSAGE - end - 3]} … {message[-end:]}"
