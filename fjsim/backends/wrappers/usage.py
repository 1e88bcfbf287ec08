"""What one request may take, and whether what a server says it took can be true."""

from __future__ import annotations

from fjsim.contracts import Reply, Request, Usage

FIRST_TOKENS_PER_BYTE = 0.4
"""More than the tokenizers in use need for text; a larger ratio seen takes its place."""
MESSAGE_OVERHEAD = 8
"""Tokens that chat templates put around a message."""
PROMPT_OVERHEAD = 4096
"""Tokens of system prompt, tools and schema that a server may put before a prompt of ours."""
REPLY_OVERHEAD = 16
"""Tokens at the end of a reply that some servers count beyond its limit."""
MARGIN = 1.05


class Expectation:
    """Expects tokens of requests to one model, from their bytes and from replies so far.

    Notes
    -----
    A token is at least one byte of what was sent, so a prompt cannot have more tokens than bytes
    beyond what the server itself adds; a reply has at most the limit that was sent.
    """

    def __init__(self) -> None:
        self._tokens_per_byte = FIRST_TOKENS_PER_BYTE
        self._seen_ratio = 0.0

    def most(self, size: int, n_messages: int, longest_reply: int) -> Usage:
        """Return the most tokens that a request is expected to take.

        Parameters
        ----------
        size : int
            Size of its messages, see `size_of`.
        n_messages : int
        longest_reply : int
            In tokens.
        """
        prompt = int(size * self._tokens_per_byte) + MESSAGE_OVERHEAD * n_messages + 1
        return Usage(min(prompt, size + PROMPT_OVERHEAD), longest_reply)

    def judged(self, reply: Reply, size: int, n_messages: int, most: Usage) -> tuple[Usage, bool]:
        """Return what a request took, and whether that is an estimate.

        Parameters
        ----------
        reply : Reply
            With the server's word for it; untrusted.
        size, n_messages
            What the request measures, as in `most`.
        most : Usage
            What was expected at most.

        Returns
        -------
        (Usage, bool)
            The server's numbers where they are possible. Else the prompt expected at most; of a
            reply the limit where it was cut off there or is said to be longer, else its bytes.
        """
        said = reply.usage
        tokens_in, tokens_out = said.tokens_in, said.tokens_out
        prompt_is_possible = 0 < tokens_in <= size + PROMPT_OVERHEAD
        reply_is_possible = 0 < tokens_out <= most.tokens_out + REPLY_OVERHEAD or (
            tokens_out == 0 and not reply.text
        )
        if prompt_is_possible:
            self._learn(tokens_in, size, n_messages)
        if prompt_is_possible and reply_is_possible and 0 <= said.tokens_cached <= tokens_in:
            return said, False
        if not prompt_is_possible:
            tokens_in = most.tokens_in
        if not reply_is_possible:
            tokens_out = _longest(reply, most.tokens_out)
        tokens_cached = min(max(said.tokens_cached, 0), tokens_in)
        estimated = not (prompt_is_possible and reply_is_possible)
        return Usage(tokens_in, tokens_out, tokens_cached), estimated

    def _learn(self, tokens_in: int, size: int, n_messages: int) -> None:
        ratio = (tokens_in - MESSAGE_OVERHEAD * n_messages) / max(1, size)
        if ratio > self._seen_ratio:
            self._seen_ratio = ratio
            self._tokens_per_byte = ratio * MARGIN


def size_of(request: Request) -> int:
    """Return the bytes of a request's messages as they are sent."""
    return sum([len(message.json) for message in request.messages])


def _longest(reply: Reply, limit: int) -> int:
    if reply.finish_reason == "length" or reply.usage.tokens_out > limit:
        return limit
    return min(limit, len(reply.text.encode("utf-8", "replace")) + 1)
