"""The notation of networks, read back by a parser that shares nothing with the library."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_TOKEN = re.compile(
    r"\s*(Tr\[|Tr_[\d,]+\(|Tr\(|sum\([^)]*\)|conj\(|"
    r"P(?:\([\d ]+\))+|\^[TH]|\^\d+|⊗|<[^|]*\||\|[^>]*>|\w+|[()\[\],])"
)


class NetworkReader:
    """Reads one text: a recursive descent.

    Args:
        text: What ``component_text`` wrote.
        arrays: The matrices by name, with one axis for each left end, then one for each right end.
        D: The dimension of every tensor factor.
    """

    def __init__(self, text: str, arrays: dict[str, Any], D: int) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            assert found, text[place:]
            self.tokens.append(found[1])
            place = found.end()
        self.arrays, self.D, self.place = arrays, D, 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def value(self) -> Any:
        """The number."""
        if self.peek().startswith("sum("):
            return self._contraction(self.take()[4:-1].split())
        if self.peek().startswith("<"):
            row = [int(i) for i in self.take()[1:-1].split()]
            matrix = self.kron()
            return matrix[(*row, *(int(i) for i in self.take()[1:-1].split()))]
        if self.peek() == "Tr[":
            return self._product_trace()
        found = self.kron()
        assert self.place == len(self.tokens)
        return found

    def kron(self) -> Any:
        found = self.product()
        while self.peek() == "⊗":
            self.take()
            other = self.product()
            m, n = np.ndim(found) // 2, np.ndim(other) // 2
            axes = [*range(m), *range(2 * m, 2 * m + n), *range(m, 2 * m), *range(2 * m + n, 2 * m + 2 * n)]
            found = np.transpose(np.multiply.outer(found, other), axes)
        return found

    def product(self) -> Any:
        found = self.power()
        while (
            self.peek() and self.peek() not in {")", "]", ",", "⊗", "["} and not self.peek().startswith("|")
        ):
            found = _times(found, self.power())
        return found

    def power(self) -> Any:
        found = self.atom()
        while self.peek().startswith("^"):
            mark = self.take()[1:]
            if mark == "T":
                found = _transposed(found)
            elif mark == "H":
                found = _transposed(np.conj(found))
            else:
                base = found
                for _ in range(int(mark) - 1):
                    found = _times(found, base)
        return found

    def atom(self) -> Any:
        part = self.take()
        if part == "1":
            return np.eye(self.D, dtype=object).astype(int)
        if re.fullmatch(r"P(\([\d ]+\))+", part):
            return self._permutation(part[1:])
        if part in {"(", "Tr(", "conj("} or part.startswith("Tr_"):
            inside = self.kron()
            assert self.take() == ")"
            m = np.ndim(inside) // 2
            if part == "conj(":
                return np.conj(inside)
            if part == "(":
                return inside
            traced = range(m) if part == "Tr(" else sorted(int(s) for s in part[3:-1].split(","))
            for s in sorted(traced, reverse=True):
                inside = np.trace(inside, axis1=s, axis2=s + np.ndim(inside) // 2)
            return inside
        return self.arrays[part]

    def _permutation(self, written: str) -> Any:
        """P_σ on as many places as the largest: it moves place a to place σ(a)."""
        image = _images(written)
        m = max(image) + 1
        found = np.zeros((self.D,) * (2 * m), dtype=int)
        for digits in np.ndindex(*(self.D,) * m):
            moved = [0] * m
            for a, digit in enumerate(digits):
                moved[image.get(a, a)] = digit
            found[(*moved, *digits)] = 1
        return found

    def _product_trace(self) -> Any:
        self.take()
        written = [""]
        while (part := self.take()) != "]":
            if part == ",":
                written.append("")
            else:
                written[-1] += f" {part}"
        images = [_images(re.sub(r"\( ", "(", text)) for text in written]
        assert self.take() == "("
        factors = [self.product()]
        while self.peek() == "⊗":
            self.take()
            factors.append(self.product())
        m = len(images)
        subscripts = []
        for i in range(len(factors)):
            left = [s * 10 + i for s in range(m)]
            subscripts.append([left, [s * 10 + images[s].get(i, i) for s in range(m)]])
        operands: list[Any] = []
        for factor, (left, right) in zip(factors, subscripts, strict=True):
            operands += [factor, [*left, *right]]
        return np.einsum(*operands, [])

    def _contraction(self, summed: list[str]) -> Any:
        numbers = {name: i for i, name in enumerate(summed)}
        operands: list[Any] = []
        while self.peek():
            start = self.place
            matrix = self.power()
            end = self.place
            assert self.take() == "["
            written = []
            while (part := self.take()) != "]":
                written.append(part)
            names = [part for part in written if part != ","]
            if "," not in written:  # a vector
                name = next(x for x in self.tokens[start:end] if x in self.arrays)
                matrix = self.arrays[f"|{name}>"]
            fixed = [slice(None) if name in numbers else int(name) for name in names]
            operands += [matrix[tuple(fixed)], [numbers[name] for name in names if name in numbers]]
        return np.einsum(*operands, [])


def _images(written: str) -> dict[int, int]:
    image: dict[int, int] = {}
    for cycle in re.findall(r"\(([\d ]+)\)", written):
        points = [int(i) for i in cycle.split()]
        image.update(zip(points, [*points[1:], points[0]], strict=True))
    return image


def _transposed(matrix: Any) -> Any:
    m = matrix.ndim // 2
    return np.transpose(matrix, [*range(m, 2 * m), *range(m)])


def _times(left: Any, right: Any) -> Any:
    return np.tensordot(left, right, np.ndim(left) // 2)
