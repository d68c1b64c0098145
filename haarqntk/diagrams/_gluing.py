"""Gluing: letters leave a diagram, and their ends are joined in pairs or in blocks.

This is what an integral does to its random letters, and what a relation such as X X = 1 does to the letters that it
cancels: each is replaced by the identity, so its left ends are glued to its right ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._letters import delta_letter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.diagrams._letters import Letter, Space


class Gluing:
    """The letters that leave one diagram, prepared to be glued in many ways.

    Args:
        letters: The letters of the diagram.
        partner: The end that each end is joined to.
        leaving: The places of the letters that leave.
    """

    def __init__(self, letters: Sequence[Letter], partner: Sequence[int], leaving: set[int]) -> None:
        self._partner = list(partner)
        self._space: list[Space] = []
        self._new_place: list[int] = []  # −1 for an end that leaves
        count = 0
        for i, letter in enumerate(letters):
            sides = letter.num_ends // len(letter.spaces)
            self._space.extend(space for space in letter.spaces for _ in range(sides))
            stays = i not in leaving
            for _ in range(letter.num_ends):
                self._new_place.append(count if stays else -1)
                count += stays
        self.letters = [letter for i, letter in enumerate(letters) if i not in leaving]

    def glue_blocks(self, blocks: Sequence[Sequence[int]]) -> tuple[list[Letter], list[int]]:
        """Join the leaving ends in blocks of equal indices, as a set partition does.

        Args:
            blocks: Leaving ends of one tensor factor each; every leaving end is in one block.

        Returns:
            The letters that stay, followed by a delta for each block, and their joined ends: not yet reduced.

        Examples:
            >>> from haarqntk.diagrams import matrix_letter, reduce_diagram
            >>> A, P = (matrix_letter(name, ("D",), frozenset()) for name in "AP")
            >>> gluing = Gluing([A, P], [3, 2, 1, 0], {1})  # Tr A P, both ends of P in one block
            >>> reduced = reduce_diagram(*gluing.glue_blocks([[2, 3]]))
            >>> reduced.monomial == reduce_diagram([A], [1, 0]).monomial
            True
        """
        count = sum(letter.num_ends for letter in self.letters)
        ends = [end for block in blocks for end in block]
        place = {end: count + n for n, end in enumerate(ends)}
        place.update((end, new) for end, new in enumerate(self._new_place) if new >= 0)
        staying = [end for end, new in enumerate(self._new_place) if new >= 0]
        deltas = [delta_letter(self._space[block[0]], len(block)) for block in blocks]
        return [*self.letters, *deltas], [place[self._partner[end]] for end in (*staying, *ends)]

    def glue(self, pairs: Mapping[int, int]) -> tuple[list[int], list[Space]]:
        """Join the leaving ends in pairs.

        Args:
            pairs: Each leaving end → the leaving end it is glued to.

        Returns:
            The joined ends of the letters that stay, and the space of each closed loop.
        """
        partner, new_place = self._partner, self._new_place
        joined: list[int] = []
        visited: set[int] = set()
        for end, place in enumerate(new_place):
            if place < 0:
                continue
            other = partner[end]
            while new_place[other] < 0:
                through = pairs[other]
                visited.add(other)
                visited.add(through)
                other = partner[through]
            joined.append(new_place[other])
        loops = []
        if len(visited) < len(pairs):
            for end in pairs:
                if end in visited:
                    continue
                loops.append(self._space[end])
                other = end
                while other not in visited:
                    visited.add(other)
                    through = pairs[other]
                    visited.add(through)
                    other = partner[through]
        return joined, loops
