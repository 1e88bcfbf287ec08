"""``fjsim serve``: the simulated model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from fjsim.cli.console import err, out
from fjsim.errors import ConfigError

NEEDED = ("starlette", "uvicorn")
"""What the extra ``server`` installs."""


def serve(
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.", min=0, max=65535)] = 8399,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    questions: Annotated[
        str, typer.Option(help="Questions that the model knows: builtin or a file.")
    ] = "builtin",
    latency_ms: Annotated[float, typer.Option(help="How long each reply takes.", min=0)] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Share of requests that go wrong, e.g. rate-limit=0.1; also error, disconnect, "
            "garbage, gibberish, hang. Repeat for more."
        ),
    ] = None,
    fault_seed: Annotated[int, typer.Option(help="Which requests go wrong.", min=0)] = 0,
    retry_after: Annotated[float, typer.Option(help="Seconds that a 429 asks for.", min=0)] = 0.2,
) -> None:
    """Put the simulated model behind /v1/chat/completions, with latency and faults.

    Example: fjsim serve --port 8399 --latency-ms 50 --fault rate-limit=0.1
    """
    from fjsim.backends import raw_backend
    from fjsim.questions import load_questions

    _need_a_web_server()
    from fjsim.server import ModelServer, parse_faults, serve_forever

    plan = parse_faults(fault or (), seed=fault_seed, retry_after=retry_after)
    backend = raw_backend("simulated", load_questions(questions))
    server = ModelServer(backend, latency=latency_ms / 1000, faults=plan)

    def ready(base_url: str) -> None:
        out.print(base_url, soft_wrap=True)
        err.print(
            f"simulated model '{server.model}' at {base_url}; ask it with\n"
            f"  fjsim run --backend openai --model {server.model} --base-url {base_url}\n"
            f"It knows the questions of {questions} and guesses at others; --questions FILE gives "
            "it yours. Ctrl-C stops it",
            soft_wrap=True,
        )

    serve_forever(server, host, port, ready)


def _need_a_web_server() -> None:
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"`fjsim serve` needs {error.name}, which is not installed here; "
                "install it with pip install '.[server]' in a clone of fjsim"
            ) from error
