"""``Frame``: what many diagrams of the same letters share, and walks along their chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._letters import DELTA, MATRIX
from haarqntk.diagrams._web import first_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams._letters import Letter


class Frame:
    """The letters of a diagram.

    Args:
        letters: The letters.
        numbers: A number for each, equal for equal letters.
    """

    def __init__(self, letters: Sequence[Letter], numbers: list[int]) -> None:
        self.letters = letters
        self.numbers = numbers
        self.first = first_ends(letters)
        self.owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
        kinds = [letter.kind for letter in letters]
        self.has_deltas = DELTA in kinds
        self.is_narrow = all(len(letter.spaces) == 1 for letter in letters) and not (
            self.has_deltas and any(letter.kind == DELTA and letter.num_ends > 1 for letter in letters)
        )
        self.is_matrix = [kind == MATRIX for kind in kinds]
        caps = [i for i, is_matrix in enumerate(self.is_matrix) if not is_matrix]
        self.has_no_caps = not caps
        self.roots = caps + [i for i, is_matrix in enumerate(self.is_matrix) if is_matrix]


def connected(start: int, frame: Frame, partner: Sequence[int], seen: list[bool]) -> list[int]:
    """The places of the letters connected with the one at ``start``, which are then ``seen``."""
    part, waiting = [], [start]
    seen[start] = True
    while waiting:
        i = waiting.pop()
        part.append(i)
        for end in range(frame.first[i], frame.first[i] + frame.letters[i].num_ends):
            j = frame.owner[partner[end]]
            if not seen[j]:
                seen[j] = True
                waiting.append(j)
    return sorted(part)


def restricted(part: list[int], frame: Frame, partner: Sequence[int]) -> list[int]:
    """The joined ends of some letters, counted among these letters only."""
    ends = [end for i in part for end in range(frame.first[i], frame.first[i] + frame.letters[i].num_ends)]
    place = {end: new for new, end in enumerate(ends)}
    return [place[partner[end]] for end in ends]


def walk(frame: Frame, partner: Sequence[int], root: int) -> list[tuple[int, int]]:
    """The places along a chain from ``root``, a cap or a letter of a cycle; 1 where a letter is transposed."""
    first, owner, is_matrix = frame.first, frame.owner, frame.is_matrix
    places = [(root, 0)]
    end = first[root] + is_matrix[root]  # a matrix is left by its right end
    while True:
        entered = partner[end]
        i = owner[entered]
        if i == root:
            return places
        if not is_matrix[i]:
            places.append((i, 0))
            return places
        turned = entered - first[i]
        places.append((i, turned))
        end = first[i] + 1 - turned
