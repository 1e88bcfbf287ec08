"""The long format: one row per turn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fjsim.beliefs import SUM_TOLERANCE, as_belief
from fjsim.errors import BeliefError, LogFormatError, nearest
from fjsim.records.importers.arrays import build_log
from fjsim.records.importers.columns import ARM_MARK, LogColumns
from fjsim.records.importers.imported import ImportedLog, Target
from fjsim.records.importers.neighbour_cells import NOBODY
from fjsim.records.importers.opinions import Opinions
from fjsim.records.importers.row_files import WHAT_TO_DO, Row, Rows
from fjsim.records.transcript import LONGEST_OPENING
from fjsim.serial.json import DEEP, read

NEEDED = ("item_id", "agent_id", "round")
KNOWN = (
    *NEEDED, "answer", "belief", "opinion", "confidence", "correct_answer", "neighbours", "turn",
    "model", "topology", "dataset", "role", "target", "arm", "text",
)  # fmt: skip
MOST_ROUNDS = 10_000
MOST_ROWS = 20_000_000
"""Rows of one log: their columns alone take some 3 GB."""
ABSENT_TEXT = frozenset({"", "nan", "none", "null"})


def read_long(
    path: Path, rows: Rows, target: Target | None = None, opinions: Opinions | None = None
) -> ImportedLog:
    """Read a long log.

    Parameters
    ----------
    path : Path
        For messages.
    rows : iterator of (int, dict)
        Line number and cells; line 0 carries the header where there is one.
    target : {'belief', 'opinion', 'answer'}, optional
        Which column becomes the belief.
    opinions : Opinions, optional
        In which unit the opinions are taken.

    Returns
    -------
    ImportedLog

    Raises
    ------
    LogFormatError
        With the line.

    Notes
    -----
    Holds one number per cell and row, texts once; nothing else of the file stays in memory.
    """
    reader = _Reader(path)
    for line, row in rows:
        if len(reader.columns.lines) >= MOST_ROWS:
            raise LogFormatError(f"{path}, line {line}: more than {MOST_ROWS} rows; {WHAT_TO_DO}")
        try:
            reader.take(line, row)
        except RecursionError:
            raise LogFormatError(f"{path}, line {line}: a cell is {DEEP}") from None
    if not reader.columns.lines:
        raise LogFormatError(f"{path}: no rows in it")
    return build_log(path, reader.columns, target, opinions)


@dataclass
class _Reader:
    """Takes rows one by one and keeps them as columns."""

    path: Path
    columns: LogColumns = field(default_factory=LogColumns)
    _belief_cells: tuple[str, ...] | None = None

    def take(self, line: int, row: Row) -> None:
        """Check one row and keep it."""
        if self._belief_cells is None:
            self._check_header(row, line)
        if line == 0:
            return
        where = f"{self.path}, line {line}"
        kept = self.columns
        kept.lines.append(line)
        item, arm = self._name(row, "item_id", where), _text(row.get("arm"))
        if arm:
            item = f"{item}{ARM_MARK}{arm.lower()}"
        kept.items.append(kept.intern(kept.item_names, item))
        kept.arms.append(kept.intern(kept.arm_texts, arm))
        kept.roles.append(kept.intern(kept.role_texts, _text(row.get("role"))))
        kept.targets.append(kept.intern(kept.target_texts, _text(row.get("target"))))
        kept.agents.append(kept.intern(kept.agent_names, self._name(row, "agent_id", where)))
        number = self._round(row, where)
        kept.rounds.append(number)
        said = _text(row.get("text"))[:LONGEST_OPENING] if number == 0 else ""
        kept.openings.append(kept.intern(kept.opening_texts, said))
        kept.opinions.append(_number(row, "opinion", where))
        kept.confidence.append(_number(row, "confidence", where))
        kept.answers.append(kept.intern(kept.answer_names, _text(row.get("answer"))))
        kept.neighbours.append(kept.intern(kept.neighbour_texts, _neighbours(row)))
        kept.keys.append(kept.intern(kept.key_texts, _text(row.get("correct_answer"))))
        kept.topologies.append(kept.intern(kept.topology_texts, _text(row.get("topology"))))
        order = _number(row, "turn", where)
        kept.turns.append(order)
        belief = self._belief(row, where)
        if belief is not None:
            kept.beliefs.add(len(kept.lines) - 1, belief)

    def _check_header(self, row: Row, line: int) -> None:
        """Refuse a log without the columns that it needs."""
        names = list(row)
        cells = tuple(name for name in names if name.startswith("p_"))
        missing = [needed for needed in NEEDED if needed not in names]
        if missing:
            listed = ", ".join(f"'{name}'" for name in missing)
            which = f"column {listed} is" if len(missing) == 1 else f"columns {listed} are"
            raise LogFormatError(
                f"{self.path}, line {max(line, 1)}: {which} missing; "
                f"there are {', '.join(names) or 'none'}{nearest(missing[0], names)}; "
                f"give --map THEIRS={missing[0]} for a column of another name"
            )
        if not cells and not {"answer", "belief", "opinion"} & set(names):
            raise LogFormatError(
                f"{self.path}, line {max(line, 1)}: no column says what was believed; give "
                "'belief', 'opinion', 'answer' or one column 'p_<option>' per option"
            )
        self._belief_cells = cells
        self.columns.belief_options = tuple(cell[2:] for cell in cells)

    def _name(self, row: Row, column: str, where: str) -> str:
        text = _text(row.get(column))
        if not text:
            raise LogFormatError(f"{where}: '{column}' is empty")
        return text

    def _round(self, row: Row, where: str) -> int:
        text = _text(row.get("round"))
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (0 <= number <= MOST_ROUNDS and number == int(number)):
            raise LogFormatError(
                f"{where}: round is {text[:40]!r}; give a whole number 0..{MOST_ROUNDS}, "
                "0 before any exchange"
            )
        return int(number)

    def _belief(self, row: Row, where: str) -> list[float] | None:
        """Return the stated belief of a row, checked."""
        if self._belief_cells:
            cells = [_text(row.get(name)) for name in self._belief_cells]
            given = [cell for cell in cells if cell]
            if not given:
                return None
            values: Any = [cell or "nan" for cell in cells]
        else:
            values = row.get("belief")
            if values is None or (isinstance(values, str) and not values.strip()):
                return None
            if isinstance(values, str):
                try:
                    values = read(values)
                except ValueError as error:
                    raise LogFormatError(f"{where}: belief is no JSON array ({error})") from error
        return _checked_belief(values, where)


def _checked_belief(values: Any, where: str) -> list[float]:
    """Return a stated belief with sum 1."""
    if not isinstance(values, list) or len(values) < 2:
        raise LogFormatError(f"{where}: belief must be an array of two numbers or more")
    try:
        numbers = [float(value) for value in values]
        total = sum(numbers)
        # The plain case first: a million arrays of five numbers take most of a minute.
        if abs(total - 1) <= SUM_TOLERANCE and all(number >= 0 for number in numbers):
            return [number / total for number in numbers]
        return list(as_belief(numbers, n_options=len(numbers)).tolist())
    except (TypeError, ValueError, BeliefError) as error:
        raise LogFormatError(f"{where}: {error}") from error


def _text(value: Any) -> str:
    """Return a cell as text; nothing for an absent one."""
    if type(value) is str:
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list):
        return ";".join(map(str, value))
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value).strip()


def _neighbours(row: Row) -> str:
    """Return a cell of neighbours as text: an empty list is nobody, an empty cell everybody."""
    given = row.get("neighbours")
    return NOBODY if isinstance(given, list) and not given else _text(given)


def _number(row: Row, column: str, where: str) -> float:
    """Return a cell as a finite number; NaN for an absent one."""
    text = _text(row.get(column))
    if text.lower() in ABSENT_TEXT:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise LogFormatError(f"{where}: {column} is {text[:40]!r}; give a finite number")
    return number
