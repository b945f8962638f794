"""Puts the lessons into the wheel, as tinyinception/lessons; all else is in pyproject.toml.

A clone has them beside the package, where an installation with -e finds them.
"""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py


class WithLessons(build_py):
    """Copies the folder `lessons` as it is; it is no package, for its files have names that begin with numbers."""

    def run(self):
        super().run()
        if not getattr(self, "editable_mode", False):
            place = Path(self.build_lib) / "tinyinception" / "lessons"
            copytree("lessons", place, ignore=ignore_patterns("__pycache__", "runs", "ruff.toml"), dirs_exist_ok=True)


setup(cmdclass={"build_py": WithLessons})
