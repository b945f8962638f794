"""Prints the oldest versions that pyproject.toml allows, as constraints for pip: each `>=` becomes `==`.

    python .ci/lowest.py > lowest.txt && pip install -c lowest.txt -e '.[test]'

Environment markers stay as they are: pip reads them. The Python must be one for which the oldest NumPy has wheels.
"""

import re
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


EXTRAS = ("test",)


def constraints(text: str) -> list[str]:
    """One line a requirement of the package and of EXTRAS. Raises ValueError for one without a lower bound."""
    project = tomllib.loads(text)["project"]
    lines = []
    for requirement in project["dependencies"] + [r for name in EXTRAS for r in project["optional-dependencies"][name]]:
        line, bounds = re.subn(r">=\s*([^,;\s]+)[^;]*", r"==\1", requirement, count=1)
        if not bounds:
            raise ValueError(f"pyproject.toml: {requirement!r} has no lower bound")
        lines.append(line)
    return lines


if __name__ == "__main__":
    sys.stdout.write(
        "\n".join(constraints(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))) + "\n"
    )
