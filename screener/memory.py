"""What the screenings under one snapshot have worked out before: who comes again costs a look-up.

An answer is kept under the whole question that it is an answer to, so that one that is not there (any more) is worked
out anew and is the same: with, without, before and after, decisions are the same bytes. Every snapshot has a memory of
its own, and it goes with it. It is bounded, in answers and in the length of a question; nothing in it is ever changed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sized

ANSWERS_MAX = 65_536
FRAMES_MAX = 2_048
PLAIN_MAX = 8_192
QUESTION_LENGTH_MAX = 1_000
FORGOTTEN_PART = 8

Question = TypeVar("Question", bound="Sized")
Answer = TypeVar("Answer")


class Shelf(dict[Question, Answer], Generic[Question, Answer]):
    """Answers by question: looked up with `get`, put with `keep`. No answer is None, so None means not known."""

    __slots__ = ("answers_max", "misses")

    def __init__(self, answers_max: int = ANSWERS_MAX) -> None:
        """Begin empty; `misses` counts the answers that had to be worked out."""
        super().__init__()
        self.answers_max = answers_max
        self.misses = 0

    def keep(self, question: Question, answer: Answer) -> Answer:
        """Remember an answer and give it back; when the shelf is full, the oldest eighth is forgotten."""
        self.misses += 1
        if self.answers_max and len(question) <= QUESTION_LENGTH_MAX:
            if len(self) >= self.answers_max:
                for oldest in tuple(islice(self, max(1, self.answers_max // FORGOTTEN_PART))):
                    self.pop(oldest, None)
            self[question] = answer
        return answer


class Memory:
    """The shelves of one snapshot.

    `parties` holds the parties that were read, by their JSON without the braces, and `bodies` one of those that differ
    in the role only, by their JSON without the role; what the stages said of a party is written on it. `texts` holds
    what they said of texts, by field, `frames` what orders of the same dates and terms share, `rules` what rows over an
    order's facts say of orders of a kind, `plain` what they leave unevaluated of plain orders, `glued` the glued forms
    of buyers' names; `names` is the matcher's own. `parties_asked` counts the parties that were looked up: less the
    misses of `bodies` they were remembered.
    """

    __slots__ = ("bodies", "frames", "glued", "names", "parties", "parties_asked", "plain", "rules", "texts")

    def __init__(self, answers_max: int = ANSWERS_MAX) -> None:
        """Begin empty; with `answers_max` 0 nothing is remembered."""
        self.bodies: Shelf[bytes, Any] = Shelf(answers_max)
        self.parties: Shelf[bytes, Any] = Shelf(answers_max)
        self.texts: dict[str, Shelf[str, Any]] = {
            field: Shelf(answers_max) for field in ("description", "maker", "model", "end_use", "notes")
        }
        self.frames: Shelf[tuple[Any, ...], Any] = Shelf(min(answers_max, FRAMES_MAX))
        self.rules: Shelf[tuple[Any, ...], Any] = Shelf(min(answers_max, FRAMES_MAX))
        self.glued: Shelf[str, str] = Shelf(answers_max)
        self.plain: Shelf[tuple[Any, ...], frozenset[str]] = Shelf(min(answers_max, PLAIN_MAX))
        self.names: Shelf[Any, Any] = Shelf(answers_max)
        self.parties_asked = 0
