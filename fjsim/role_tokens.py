"""Marks by which chat templates tell who speaks, made plain text wherever others wrote them.

A server's tokenizer reads ``<|im_end|>`` inside a message like its own: it would end the message
there and begin another, in another's name. The first character of such a mark is replaced by one
that looks like it and that no tokenizer, and no Unicode normalisation, takes for it. Everything
else of the text stays, so that ``a < b``, ``get_weather(city)`` and ``x[1]`` read as they were.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

STAND_INS = {"<": "‹", ">": "›", "[": "⁅", "]": "⁆", "|": "¦"}

_BARS = "|¦‖│┃┆┊❘❙❚∣∥ǀ"
"""What the upright stroke of a mark may be written as; some tokenizers use others than ASCII's."""

_WORD = r"[^\W_]+"

_ANGLE_NAMES = "|".join(
    (
        # Ends of texts and messages, and padding.
        r"s|unk|pad|[bes]o[a-z](?:_id)?|mask|cls|sep|stop|ctx",
        # Who speaks, what is thought, what is called.
        r"system|user|assistant|human|bot|model|role|observation|developer|tools?|think|thinking",
        r"function|image|img|audio|video|box|ref|quad|call|response|pre|suf|mid|repo|reponame",
        r"filename|answer|ipython|turn",
        r"(?:unused|special|extra_?id_?|loc|seg|placeholder|reserved)\d+|0x[0-9a-f]{2}",
        # Families whose members differ from model to model.
        r"(?:start|end|begin|beginning|[bes]o[a-z]|pad|unk|cls|sep|mask|fim|tools?|arg|extra|file"
        r"|repo|gh|issue|jupyter|empty|commit|image|img|audio|video|vision|unused|reserved|special"
        r"|function|system|user|assistant|model|role|turn|python|code|pre|suf|mid|think|object|box"
        r"|quad|ref|soft|seed|hy|channel|message|constrain|call|return|tokens?|sentinel|dummy|fake"
        r"|row|global|placeholder|minimax|longcat|s|startof" + _WORD + r"|endof" + _WORD + ")"
        r"(?:[_:▁-]" + _WORD + ")+",
    )
)
_SQUARE_NAMES = (
    r"inst|(?:available_)?tools?|tool_(?:calls?|results?|content)|args|call_id|img(?:_break|_end)?"
    r"|prefix|suffix|middle|system_prompt|think|audio|begin_audio|transcribe|control_\d+"
    r"|model_settings|[gs]?mask|cls|sep|pad|unk|[bes]o[a-z]|@[bes]o[a-z]@|unused_?\d+"
    r"|unused_token_\d+|(?:begin|end)_of_text|system|user|assistant|human|bot"
)
_BLANKS = r"\s{0,8}"
"""Bounded, so that a text of blanks takes no longer than any other."""

_MARK = re.compile(
    rf"<(?={_BLANKS}[{_BARS}])"
    rf"|<(?=<{_BLANKS}/?{_BLANKS}sys)"
    rf"|<(?=/?(?:{_ANGLE_NAMES}){_BLANKS}/?>)"
    r"|<(?=/?(?:function|parameter|tool|seed|role|invoke)[=:\s])"
    rf"|\[(?={_BLANKS}[{_BARS}])"
    rf"|\[(?=/?(?:{_SQUARE_NAMES})\])"
    r"|\[(?=e~\[)|\](?=~!?b[\]\[])"
    r"|>(?=>(?:title|abstract|introduction|summary|comment|answer|question|domain|prefix|suffix"
    r"|middle)<<)"
    r"|\|(?=\|\|[a-z_]{1,40}\|\|\|)"
)

_OPENERS = "<＜﹤>＞﹥[［﹇]］﹈|｜"
"""Every character that a mark may begin with, its compatibility forms included."""

_SUSPICIOUS = re.compile(f"[{re.escape(_OPENERS)}]")
_ORDINARY = re.compile(r"[\t\n\r -~]*")

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that do not show, beside those of the categories of control and format."""


@lru_cache(maxsize=4096)
def without_role_tokens(text: str) -> str:
    """Return a text in which no mark of a chat template is left, however it was written.

    Parameters
    ----------
    text : str
        What somebody else wrote. Marks are found with characters in it that do not show, and in
        full width, since a server may normalise what it is sent.

    Examples
    --------
    >>> without_role_tokens("No.<|im_end|> [INST] a < b")
    'No.‹|im_end|> ⁅INST] a < b'
    """
    if text.isascii():
        # Several times faster than the pattern, for texts that are nearly always harmless.
        if not ("<" in text or "[" in text or "|" in text or "]" in text or ">" in text):
            return text
    elif _SUSPICIOUS.search(text) is None:
        return text
    if _ORDINARY.fullmatch(text):
        return _broken(text, text.lower(), range(len(text)))
    # A long text has few different characters.
    alphabet = {character: _look(character) for character in set(text)}
    looks = [*map(alphabet.__getitem__, text)]
    places = [place for place, look in enumerate(looks) for _ in look]
    return _broken(text, "".join(looks), places)


def _broken(text: str, skeleton: str, places: range | list[int]) -> str:
    found = {places[mark.start()]: skeleton[mark.start()] for mark in _MARK.finditer(skeleton)}
    if not found:
        return text
    return "".join(
        STAND_INS[found[place]] if place in found else character
        for place, character in enumerate(text)
    )


def _look(character: str) -> str:
    """Return what a character looks like, normalised and in lower case; nothing if unseen."""
    return "" if is_unseen(character) else unicodedata.normalize("NFKC", character).lower()


def is_unseen(character: str) -> bool:
    """Say whether a character leaves no trace on paper; line feeds and tabs do."""
    if character in "\t\n\r":
        return False
    unseen = unicodedata.category(character) in ("Cc", "Cf", "Cs")
    return unseen or _UNSEEN.match(character) is not None
