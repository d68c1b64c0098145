"""Docstrings are read in a terminal first; on the site they are reStructuredText.

Keys and documents under ``Reference:`` become links, bars of |ψ⟩ are no substitutions, and the first line of a
property is its sentence, not "type: sentence".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sphinx.domains.python import PyObject  # type: ignore[attr-defined]

from haarqntk.export import bibliography

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_BEFORE_NAPOLEON, _AFTER_NAPOLEON = 100, 900  # Sphinx calls with ascending priority; napoleon has 500
_HIDDEN_COLON = "\ue000"
_CODE = re.compile(r"(``.*?``|:\w+:`.*?`)")


def with_links(text: str) -> str:
    """The text with a role for every key of the bibliography and every derivation.

    Examples:
        >>> with_links("[liu2023] Eq. 6; derivations/03_kernel_mean.md")
        ':ref:`[liu2023] <ref-liu2023>` Eq. 6; :doc:`derivations/03_kernel_mean </derivations/03_kernel_mean>`'
    """
    text = re.sub(r"derivations/(\d\d_\w+)\.md", r":doc:`derivations/\1 </derivations/\1>`", text)
    keys = "|".join(key for key in bibliography() if key != "haarqntk")  # the software is no source
    return re.sub(rf"\[?\b({keys})\b\]?(?![>`])", r":ref:`[\1] <ref-\1>`", text)


def without_substitutions(text: str) -> str:
    r"""The text with bars that are bars, apart from code.

    Examples:
        >>> print(without_substitutions("|ψ⟩⟨ψ|, ``|A|``"))
        \|ψ⟩⟨ψ\|, ``|A|``
    """
    parts = _CODE.split(text)
    return "".join(part if i % 2 else part.replace("|", r"\|") for i, part in enumerate(parts))


def keep_sentence(_app: Sphinx, what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Hide the colons of a property's sentence, before which napoleon would see a type."""
    if what in {"property", "attribute", "data"} and lines:
        lines[0] = lines[0].replace(":", _HIDDEN_COLON)


def translate(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Write links and bars into the lines that are prose."""
    is_reference = False
    is_example = False
    for number, line in enumerate(lines):
        is_example = bool(line.strip()) and (is_example or line.lstrip().startswith(">>>"))
        if is_example:
            continue
        line = line.replace(_HIDDEN_COLON, ":")  # noqa: PLW2901 - the same line
        if line.startswith(".. rubric:: "):
            is_reference = line == ".. rubric:: Reference"
        lines[number] = with_links(line) if is_reference else without_substitutions(line)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Listen to what autodoc reads."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-docstring", keep_sentence, priority=_BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", translate, priority=_AFTER_NAPOLEON)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
