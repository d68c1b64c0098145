"""Write the generated sections of the derivations: python derivations/build.py."""

from pathlib import Path

from haarqntk.export import with_steps


def build() -> None:
    """Rewrite what stands between the marks of every document beside this file."""
    for path in sorted(Path(__file__).parent.glob("[0-9][0-9]_*.md")):
        path.write_text(with_steps(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    build()
