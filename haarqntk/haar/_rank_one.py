"""Products of paths between vectors, written as traces: ⟨a|B|c⟩⟨c|A|a⟩ = Tr(PBRA) with P = |a⟩⟨a|, R = |c⟩⟨c|.

The engine cuts a matrix of rank one into two vectors, because then every product of paths has one form. People
write the matrix; this puts the halves together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams import MATRIX, VECTOR, Letter, first_ends, flatten, reduce_diagram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams import DiagramMonomial


def halves(letters: Sequence[Letter]) -> list[tuple[int, int, bool]] | None:
    """The vectors of a diagram in pairs that make up matrices of rank one.

    Returns:
        Triples (place of the left vector, place of the right vector, whether it is the conjugated matrix); None if
        a vector is left over, a state's amplitude. Where a name occurs several times there are several ways; the
        first is taken.
    """
    kinds: dict[str, dict[tuple[int, bool], list[int]]] = {}
    for i, letter in enumerate(letters):
        if letter.kind == VECTOR:
            kinds.setdefault(letter.name, {}).setdefault((letter.place, letter.conjugated), []).append(i)
    found: list[tuple[int, int, bool]] = []
    for of_name in kinds.values():
        lists = [
            (of_name.get(left, []), of_name.get(right, []), conjugated)
            for left, right, conjugated in _sides(letters[next(iter(of_name.values()))[0]], of_name)
        ]
        if any(len(left) != len(right) for left, right, _ in lists):
            return None
        found += [(a, b, c) for left, right, c in lists for a, b in zip(left, right, strict=True)]
    return found


def _sides(
    letter: Letter, of_name: dict[tuple[int, bool], list[int]]
) -> list[tuple[tuple[int, bool], tuple[int, bool], bool]]:
    """Which kinds of vectors are the left and the right side: those of |x⟩⟨y|, and of its conjugate."""
    if "normalised" not in letter.properties:
        if "real" in letter.properties:
            return [((0, False), (1, False), False)]
        return [((0, False), (1, True), False), ((0, True), (1, False), True)]
    if "real" in letter.properties:  # ket and bra are one letter: deal them out
        both = of_name.pop((0, False), [])
        of_name[0, False], of_name[0, True] = both[::2], both[1::2]
    return [((0, False), (0, True), False)]


def with_whole_matrices(monomial: DiagramMonomial) -> DiagramMonomial:
    """Join the two vectors of each matrix of rank one: the same value, with a matrix letter for each pair."""
    letters, partner = flatten([monomial])
    pairs = halves(letters)
    if not pairs:
        return monomial
    starts = first_ends(letters)
    kept = [i for i, letter in enumerate(letters) if letter.kind != VECTOR]
    joined_letters = [letters[i] for i in kept]
    old_ends = [end for i in kept for end in range(starts[i], starts[i] + letters[i].num_ends)]
    for left, right, conjugated in sorted(pairs, key=lambda pair: letters[pair[0]].name):
        spaces = letters[left].spaces
        joined_letters.append(Letter(MATRIX, letters[left].name, spaces, conjugated=conjugated))
        for s in range(len(spaces)):
            old_ends += [starts[left] + s, starts[right] + s]
    place = {end: new for new, end in enumerate(old_ends)}
    reduced = reduce_diagram(joined_letters, [place[partner[end]] for end in old_ends])
    if reduced is None or reduced.sign != 1 or reduced.loops:
        return monomial
    return reduced.monomial
