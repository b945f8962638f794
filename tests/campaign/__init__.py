"""A campaign of faults: `python -m tests.campaign --kills 200 --inputs 2000` counts what becomes of each.

The rule that it checks: every input is computed right, or is refused with one clear error of the package's family;
never a traceback of another library, never a wait without end, never a wrong result of which nothing is said, and no
kill, at any moment, costs more than the steps since the last checkpoint.
"""
