"""Write the generated parts of the derivations: python derivations/build.py."""

import re
from pathlib import Path

from haarqntk.export import with_steps
from haarqntk.qntk import formula, formulas

HERE = Path(__file__).parent
_TABLE = re.compile(r"^(\| formula \| document \|\n\|---\|---\|\n)(?:\| .*\n)*", re.MULTILINE)


def with_table(text: str) -> str:
    """The text with a row in its table of formulas for each of them, and the document that it refers to."""
    documents = {
        name: re.findall(r"derivations/((\d\d)_\w+\.md)", formula(name).reference) for name in formulas()
    }
    rows = (
        f"| `{name}` | {', '.join(f'[{number}]({file})' for file, number in files)} |\n"
        for name, files in documents.items()
    )
    return _TABLE.sub(lambda head: head[1] + "".join(rows), text)


def build() -> None:
    """Rewrite the steps in every document beside this file, and the table of formulas."""
    for path in sorted(HERE.glob("[0-9][0-9]_*.md")):
        path.write_text(with_steps(path.read_text(encoding="utf-8")), encoding="utf-8")
    readme = HERE / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    build()
