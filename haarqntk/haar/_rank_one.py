"""Products of paths between vectors, written as traces: ⟨a|B|c⟩⟨c|A|a⟩ = Tr(PBRA) with P = |a⟩⟨a|, R = |c⟩⟨c|.

The engine cuts a matrix of rank one into two vectors, because then every product of paths has one form. People
write the matrix; this puts the halves together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.traces import MATRIX, VECTOR, Letter, first_ends, flatten, reduce_diagram

if TYPE_CHECKING:
    from haarqntk.traces import DiagramMonomial


def with_whole_matrices(monomial: DiagramMonomial) -> DiagramMonomial:
    """Join the kets and bras of each name in pairs: the same value, with a matrix letter for each pair.

    Where a name occurs several times there are several ways; the first is taken.
    """
    letters, partner = flatten([monomial])
    if all(letter.kind != VECTOR for letter in letters):
        return monomial
    starts = first_ends(letters)
    waiting: dict[str, tuple[list[int], list[int]]] = {}
    for i, letter in enumerate(letters):
        if letter.kind == VECTOR:
            waiting.setdefault(letter.name, ([], []))[letter.conjugated].append(i)
    if any(len(kets) != len(bras) for kets, bras in waiting.values()):
        return monomial
    kept = [i for i, letter in enumerate(letters) if letter.kind != VECTOR]
    joined_letters = [letters[i] for i in kept]
    old_ends = [end for i in kept for end in range(starts[i], starts[i] + letters[i].num_ends)]
    for name, (kets, bras) in sorted(waiting.items()):
        for ket, bra in zip(kets, bras, strict=True):
            spaces = letters[ket].spaces
            joined_letters.append(Letter(MATRIX, name, spaces))
            for s in range(len(spaces)):
                old_ends += [starts[ket] + s, starts[bra] + s]
    place = {end: new for new, end in enumerate(old_ends)}
    reduced = reduce_diagram(joined_letters, [place[partner[end]] for end in old_ends])
    return monomial if reduced is None else reduced.monomial
