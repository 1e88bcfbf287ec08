"""All commands, and how their failures become one line and an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from fjsim.cli.console import err, out, print_problem
from fjsim.cli.interruption import interruptible
from fjsim.cli.worded import HELP, WordedCommand, WordedGroup
from fjsim.compiling import compiling
from fjsim.errors import FjsimError, InterruptedRunError, nearest
from fjsim.foreign_text import shortened

COMMANDS = {
    "run": (
        "fjsim.cli.run",
        "Run one scenario with its paired clean baseline; the same command again resumes it.",
    ),
    "sweep": ("fjsim.cli.sweep", "Run a grid of scenarios; the same command again resumes it."),
    "report": (
        "fjsim.cli.report",
        "Write one HTML file that says who moved whom; it needs no network.",
    ),
    "show": (
        "fjsim.cli.show",
        "Show a run's questions, or one deliberation: who stood where after each round.",
    ),
    "list": (
        "fjsim.cli.catalogue",
        "List what there is to choose from; with a kind a line each, with a name explained.",
    ),
    "new": (
        "fjsim.cli.new",
        "Write a file with a plug-in that runs, with comments, to be changed into your own.",
    ),
    "fit": (
        "fjsim.cli.fit",
        "Fit stubbornness, self-weight and influence, and say what cannot be known.",
    ),
    "judge": (
        "fjsim.cli.judge",
        "Replay defenses over a recorded deliberation, and say whom they would have cut.",
    ),
    "influencers": (
        "fjsim.cli.influencers",
        "Say who becomes an influencer in a team, why, and whether listening to them pays.",
    ),
    "import": (
        "fjsim.cli.import_log",
        "Bring a foreign log into a run folder, for `show` and `fit`.",
    ),
    "theory": (
        "fjsim.cli.theory",
        "Predict how far adversaries move a group, and what would stop them.",
    ),
    "solve": (
        "fjsim.cli.solve",
        "Solve where the opinions of a large network end up, with a certified error.",
    ),
    "serve": (
        "fjsim.cli.serve",
        "Put the simulated model behind /v1/chat/completions, with latency and faults.",
    ),
    "cache": ("fjsim.cli.cache", "Look at, or empty, the response cache."),
    "doctor": (
        "fjsim.cli.doctor",
        "Say what is installed and, with --backend or --base-url, what a server really supports.",
    ),
}
"""Command -> module, imported when its command is asked for, and the first line of its help."""

USAGE_EXIT, BUG_EXIT = 2, 70

# Whatever the command-line library raises for a user's mistake has this ancestor.
_ParserError: type[Any] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


class LazyGroup(WordedGroup):
    """The commands, imported one at a time."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what the list of commands shows of one, without importing its module."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is asked for; a wrong name gets the nearest one."""
        name, *rest = args
        return name, self._imported(ctx, name), rest

    def _imported(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            ctx.fail(
                f"no command '{cmd_name}'; there are {', '.join(COMMANDS)}"
                + nearest(cmd_name, COMMANDS)
            )
        home = COMMANDS[cmd_name][0]
        module = importlib.import_module(home)
        single = getattr(module, "app", None)
        if single is None:
            single = typer.Typer(add_completion=False)
            function = home.rpartition(".")[2]
            single.command(cmd_name, cls=WordedCommand)(getattr(module, function))
        return get_command(single)


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True, context_settings=HELP)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        out.print(f"fjsim {version('fjsim-testbed')}")
        raise typer.Exit


@app.callback()
def fjsim(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Deliberations of language-model teams: simulated, attacked, defended, and fitted.

    Example: fjsim run --topology star --attack stubborn
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    warnings.showwarning = _print_warning
    compiling.tell = _say_compiling
    # In place of the standard library's last resort, which prints what it is given as it stands.
    logging.lastResort = _LogLines(logging.WARNING)
    sys.exit(_exit_code(list(sys.argv[1:] if arguments is None else arguments)))


def _exit_code(arguments: list[str]) -> int:
    try:
        with interruptible():
            code = int(app(arguments, standalone_mode=False, prog_name="fjsim") or 0)
        if code == InterruptedRunError.exit_code:
            # The command-line library turns an interruption into a code without a word.
            _print_error("interrupted")
        return code
    except FjsimError as error:
        _print_error("; ".join([str(error), *getattr(error, "__notes__", ())]))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _print_error("interrupted")
        return InterruptedRunError.exit_code
    except BrokenPipeError:
        # The reader of our output went away, e.g. `| head`: nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _ParserError as error:
        return _usage_error(error)
    # The last resort: a bug of ours must not end in a traceback on the user's screen.
    except Exception as error:
        return _own_fault(error) or _bug(error)


def _usage_error(error: Any) -> int:
    message = error.format_message().rstrip(".")
    if not message:
        return int(getattr(error, "exit_code", 0))
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "fjsim"
    _print_error(f"{message[0].lower()}{message[1:]} (see `{path} --help`)")
    return USAGE_EXIT


def _own_fault(error: Exception) -> int:
    """Name the line of the user's own plug-in file that failed; 0 where none did."""
    from fjsim.plugin_files import blamed

    named = blamed(error)
    if named is None:
        return 0
    _print_error(str(named))
    return named.exit_code


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="fjsim-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        traceback.print_exception(error, file=report)
    _print_error(
        f"a bug of fjsim's: {type(error).__name__}: {shortened(str(error), 300)}; please report "
        f"it with {report.name}"
    )
    return BUG_EXIT


def _say_compiling() -> None:
    err.print("compiling the numerical kernels, once on this machine …", style="dim")


def _print_error(message: str) -> None:
    print_problem("error", message, "bold red")


def _print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print_problem("warning", message, "bold yellow")


class _LogLines(logging.Handler):
    """What libraries and our backends log, printed like every other warning."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line; its traceback, if any, is no business of the user's."""
        _print_warning(record.getMessage())
