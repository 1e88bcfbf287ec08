"""Running the application: in the foreground, or in a thread beside a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from fjsim.errors import ConfigError
from fjsim.server.app import ModelServer, create_app
from fjsim.server.limits import LARGEST_HEAD, MOST_CONNECTIONS, PatientProtocol

BACKLOG = 4096
KEEP_ALIVE = 75
STOP_SECONDS = 1


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one.

    Raises
    ------
    ConfigError
        If the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error.strerror or error}); "
            "give another --port, or 0 for a free one"
        ) from error
    return listener


def base_url(listener: socket.socket) -> str:
    """Return the base URL that clients need."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def _uvicorn(server: ModelServer) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(server),
        log_level="critical",
        access_log=False,
        lifespan="off",
        http=PatientProtocol,
        ws="none",
        h11_max_incomplete_event_size=LARGEST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)


def serve_forever(server: ModelServer, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    server : ModelServer
        Answers.
    host : str
        Address to listen on.
    port : int
        0 picks a free one.
    ready : callable
        Told the base URL once connections are taken.

    Raises
    ------
    ConfigError
        If the address cannot be had.
    """
    with listen(host, port) as listener:
        ready(base_url(listener))
        _uvicorn(server).run(sockets=[listener])


class RunningServer:
    """A server in a thread of this process, for tests and benchmarks.

    Parameters
    ----------
    server : ModelServer
        Answers.

    Examples
    --------
    ``with RunningServer(ModelServer(backend)) as running: ask(running.base_url)``
    """

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.base_url = ""

    def __enter__(self) -> Self:
        self._listener = listen("127.0.0.1", 0)
        self.base_url = base_url(self._listener)
        self._uvicorn = _uvicorn(self.server)
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._uvicorn.should_exit = True
        self._thread.join()
        self._listener.close()
