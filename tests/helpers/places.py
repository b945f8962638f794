"""Where things lie, for tests that read files of the repository or start programs in it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
