"""All sections, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from _corpus import batches, closed_forms, commands, integrands, recorded, training, values

if TYPE_CHECKING:
    from _corpus.fields import Section

SECTIONS: Final[dict[str, Section]] = {
    section.name: section
    for section in (
        integrands.SECTION,
        closed_forms.FORMULAS,
        closed_forms.MOMENTS,
        commands.SECTION,
        values.SECTION,
        recorded.RECORDED,
        recorded.KEYS,
        batches.SECTION,
        training.SECTION,
    )
}
