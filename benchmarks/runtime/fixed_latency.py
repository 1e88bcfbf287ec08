"""A server that answers every chat completion with one valid reply after a fixed time.

python benchmarks/runtime/fixed_latency.py SECONDS [REPLY]    (prints its base URL)

It does as little as it can, so that on two cores the client's own time is what is measured. REPLY
is another text to answer, for clients that ask for another form than ours.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

BELIEF = {"A": 0.5, "B": 0.2, "C": 0.1, "D": 0.1, "E": 0.1}
REASON = (
    "Of the options given, this one fits the wording of the question best, as far as I can see."
)
REPLY = {"reasoning": REASON, "answer": "A", "belief": BELIEF, "confidence": 0.5}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Protocol(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, without pipelining."""

    def __init__(self, seconds: float, response: bytes) -> None:
        self.seconds = seconds
        self.response = response
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer later once a request is complete."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        match = LENGTH.search(head)
        if found and match is not None and len(body) >= int(match.group(1)):
            self.received.clear()
            asyncio.get_running_loop().call_later(self.seconds, self.answer)

    def answer(self) -> None:
        """Send the one reply."""
        if not self.transport.is_closing():
            self.transport.write(self.response)


def completion(content: str) -> dict[str, object]:
    """Return the one reply."""
    message = {"role": "assistant", "content": content}
    return {
        "id": "fixed",
        "object": "chat.completion",
        "created": 0,
        "model": "fixed",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460},
    }


async def main(seconds: float, content: str) -> None:
    """Serve until killed."""
    body = json.dumps(completion(content)).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    response = head.encode() + b"\r\n\r\n" + body
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(seconds, response), "127.0.0.1", 0, backlog=4096
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else json.dumps(REPLY)))
