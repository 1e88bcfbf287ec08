"""The floor: the same number of small posts by aiohttp alone; prints CPU milliseconds per call.

python benchmarks/runtime/bare_client.py BASE_URL CALLS CONCURRENCY
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp

BODY = json.dumps({"model": "fixed", "messages": [{"role": "user", "content": "x" * 500}]}).encode()


async def main(base_url: str, calls: int, concurrency: int) -> None:
    """Post and read, nothing else."""
    places = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency + 8)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Content-Type": "application/json"}
    ) as session:

        async def post() -> None:
            async with (
                places,
                session.post(base_url + "/chat/completions", data=BODY) as response,
            ):
                json.loads(await response.read())

        started = time.process_time()
        await asyncio.gather(*(post() for _ in range(calls)))
        print(1000 * (time.process_time() - started) / calls)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
