"""Pages to look at, in one folder that opens from disk and asks no foreign host: the lessons, and the explorer.

    from tinyinception.site.build import build

    build("OUT")

`build.py` makes the folder, out of `execute.py` (what the cells of lessons put out), `lessons.py`, `chapters.py`,
`ledger.py` and `reference.py` (pages as Markdown), `theme/` (how they look) and `explorer.py` (pages to click through).
"""
