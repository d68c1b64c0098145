"""Webs: connected diagrams in which some letter acts on several tensor factors.

A web has no reading order. Its canonical form is the least code among those of the walks that start at each letter
and number the others as they are met, which is unique because every end is joined to one other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._gluing import Gluing
from haarqntk.diagrams._letters import MATRIX, VECTOR, Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams._letters import Space


def with_hermitian_letters_plain(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[list[Letter], list[int]]:
    """Write the conjugate of each Hermitian letter as its transpose: exchange its left and right ends."""
    renamed, place, count = [], list(range(len(partner))), 0
    for letter in letters:
        if letter.kind == MATRIX and letter.conjugated and "hermitian" in letter.properties:
            renamed.append(letter.conjugate())
            for end in range(count, count + letter.num_ends):
                place[end] = count + ((end - count) ^ 1)
        else:
            renamed.append(letter)
        count += letter.num_ends
    joined = [0] * len(partner)
    for end, other in enumerate(partner):
        joined[place[end]] = place[other]
    return renamed, joined


def cancelled(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[list[Letter], list[int], list[Space]] | None:
    """One relation applied between two letters that meet in all their tensor factors; None if there is none."""
    first = first_ends(letters)
    owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
    for i, letter in enumerate(letters):
        for side in range(2 if letter.kind == MATRIX else 1):
            j = owner[partner[first[i] + side]]
            leaving = _leaving(letters, partner, first, (i, j), side)
            if not leaving:
                continue
            pairs = {
                end: (first[n] + ((end - first[n]) ^ 1)) if letters[n].kind == MATRIX else partner[end]
                for n in leaving
                for end in range(first[n], first[n] + letters[n].num_ends)
            }
            gluing = Gluing(letters, partner, leaving)
            joined, loops = gluing.glue(pairs)
            return gluing.letters, joined, [] if letter.kind == VECTOR else loops
    return None


def is_traceless(letters: Sequence[Letter], partner: Sequence[int]) -> bool:
    """Whether the web is the full trace of one traceless letter."""
    (letter, *others) = letters
    return (
        not others
        and "traceless" in letter.properties
        and all(other == end ^ 1 for end, other in enumerate(partner))
    )


def canonical_web(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[tuple[Letter, ...], tuple[int, ...]]:
    """The least numbering of a connected diagram."""
    first = first_ends(letters)
    owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
    least = min(letter.sort_key for letter in letters)
    codes = []
    for root, letter in enumerate(letters):
        if letter.sort_key != least:
            continue
        order, found = [root], {root}
        for i in order:
            for end in range(first[i], first[i] + letters[i].num_ends):
                j = owner[partner[end]]
                if j not in found:
                    found.add(j)
                    order.append(j)
        ends = [end for i in order for end in range(first[i], first[i] + letters[i].num_ends)]
        place = {end: new for new, end in enumerate(ends)}
        codes.append(([letters[i].sort_key for i in order], [place[partner[end]] for end in ends], order))
    _, joined, order = min(codes, key=lambda code: code[:2])
    return tuple(letters[i] for i in order), tuple(joined)


def first_ends(letters: Sequence[Letter]) -> list[int]:
    """The first end of each letter."""
    first, count = [], 0
    for letter in letters:
        first.append(count)
        count += letter.num_ends
    return first


def _leaving(
    letters: Sequence[Letter], partner: Sequence[int], first: list[int], pair: tuple[int, int], side: int
) -> set[int]:
    """The letters that become the identity where ``side`` of the first meets the second; empty if none does."""
    i, j = pair
    a, b = letters[i], letters[j]
    if i == j or (a.name, a.kind, a.spaces, a.place) != (b.name, b.kind, b.spaces, b.place):
        return set()
    step = 2 if a.kind == MATRIX else 1
    other_side = (partner[first[i] + side] - first[j]) % step
    width = range(len(a.spaces))
    if any(partner[first[i] + step * s + side] != first[j] + step * s + other_side for s in width):
        return set()
    same = a.conjugated == b.conjugated
    if a.kind == VECTOR:
        cancels = "normalised" in a.properties and not same
    elif side == other_side:
        cancels = "unitary" in a.properties and (not same or "real" in a.properties)
    elif same and "projector" in a.properties:
        return {i}
    else:
        cancels = same and "involution" in a.properties
    return {i, j} if cancels else set()
