"""Where the cells of a sweep are played: in this process, in several, or on a ray cluster."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Literal

from fjsim.errors import BackendError, ConfigError
from fjsim.sweeps.cell import CellJob, CellResult, play

ExecutorName = Literal["local", "ray"]
EXECUTORS: tuple[ExecutorName, ...] = ("local", "ray")
Finished = Callable[[int, CellResult], None]
PlayAll = Callable[[Sequence[CellJob], Finished], None]


def default_workers() -> int:
    """Return how many processes this machine has room for."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


@contextmanager
def open_executor(name: ExecutorName = "local", workers: int = 1) -> Iterator[PlayAll]:
    """Make room for cells to be played; processes start with the first cells and stay.

    Parameters
    ----------
    name : {'local', 'ray'}
        Processes of this machine, or tasks of a ray cluster.
    workers : int
        How many cells at a time, >= 1; 1 on ``local`` stays in this process.

    Yields
    ------
    callable
        Takes cells and a function to call with (index of the cell, result), in order of
        completion; returns when all are done and raises what the first failing cell raised.
        Cells under way are stopped then, and can be resumed.

    Raises
    ------
    ConfigError
        If the executor is not installed, or the number of workers is below 1.
    """
    if workers < 1:
        raise ConfigError(f"workers is {workers}; give at least 1")
    if name == "ray":
        with _ray(workers) as ray:
            yield lambda jobs, done: _ray_tasks(ray, jobs, workers, done)
    elif workers == 1:
        yield _in_this_process
    else:
        with worker_processes(workers) as pool:
            yield lambda jobs, done: _in_processes(pool, jobs, done)


def _in_this_process(jobs: Sequence[CellJob], done: Finished) -> None:
    for at, job in enumerate(jobs):
        done(at, play(job))


def _in_processes(pool: ProcessPoolExecutor, jobs: Sequence[CellJob], done: Finished) -> None:
    waiting: dict[Future[CellResult], int] = {
        pool.submit(play, job): at for at, job in enumerate(jobs)
    }
    while waiting:
        ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ready:
            at = waiting.pop(future)
            try:
                done(at, future.result())
            except BrokenProcessPool as error:
                raise BackendError(
                    "a worker process died (out of memory, or killed); what is done is kept, "
                    "run the same command again, with fewer --workers if memory was short"
                ) from error


@contextmanager
def worker_processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes of one core each; they are stopped where something fails.

    Parameters
    ----------
    workers : int
        How many, >= 1.

    Yields
    ------
    concurrent.futures.ProcessPoolExecutor
    """
    # Spawned, not forked: the parent holds threads (progress bar, numba) that a fork would break.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        processes = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise


def _start_worker() -> None:
    """Make a new process a good worker: one core, no word on Ctrl-C, gone with its parent."""
    threadpoolctl = importlib.import_module("threadpoolctl")
    threadpoolctl.threadpool_limits(1)
    # The parent hears Ctrl-C too, says so once, and stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """Stop when the parent was killed; a worker left behind would keep its run folder locked."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _ray(workers: int) -> Iterator[Any]:
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise ConfigError(
            "executor 'ray' is not installed; pip install '.[ray]' in a clone of fjsim, or use "
            "--executor local"
        ) from None
    started = not ray.is_initialized()
    if started:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()


def _ray_tasks(ray: Any, jobs: Sequence[CellJob], workers: int, done: Finished) -> None:
    task = ray.remote(num_cpus=1)(play)
    rest = iter(enumerate(jobs))
    waiting: dict[Any, int] = {}
    while True:
        while len(waiting) < workers and (entry := next(rest, None)) is not None:
            waiting[task.remote(entry[1])] = entry[0]
        if not waiting:
            return
        ready, _ = ray.wait(list(waiting), num_returns=1)
        for reference in ready:
            at = waiting.pop(reference)
            try:
                done(at, ray.get(reference))
            except ray.exceptions.RayTaskError as error:
                raise (error.cause or error) from None
