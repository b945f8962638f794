"""A small site for tests: the pages of the small course, without the rooms of the package that take their time."""

from tests.helpers.small_course import make
from tinyinception.site import build, chapters, reference

CLAIM = """
[paper]
said = "Said <widely>"

[[claim]]
id = "A1"
claim = "Two and two are `5`."
paper = "said"
where = "page 3"
quote = "2 + 2 = 5 & more"
kind = "derived"
verdict = "false"
truth = "They are {sum}."
lesson = 1
function = "sums.two"
figures = { sum = 4 }
counterfactual = { one = 3 }
"""
VERDICTS = """from tinyinception.course.claims import Finding


def two(one=2):
    total = one + 2
    return Finding("true" if total == 5 else "false", {"sum": total})
"""
THIRD = """# %% [markdown]
# # Lesson 3. Choices & <more>
#
# **Time:** 5 minutes. **Afterwards you know** a [term](glossary.md#a-term) of lesson 1.
#
# $$ c = \\frac{a}{b} $$

# %%
print("first < second")

# %% [markdown]
# ## To predict
#
# It is 50
# % or so.
#
# **Predict:** what is `2 + 2`?
#
# - (a) `5`
# - (b) 4
#
# <!-- answer: b
# a: claim A1 says so.
# b: yes.
# -->

# %% tags=["hide-input"]
from tinyinception.course import figure, show

drawn, axes = figure()
axes.plot([1, 2])
axes.set(title="Two & two", xlabel="one", ylabel="sum")
show(drawn, "03_sum")

# %%
print("second", 2 + 2)
assert 2 + 2 == 4

# %% [markdown]
# They are four.

# %%
print("as ever")

# %% [markdown]
# ## After it

# %%
print("third")
"""

WHICH = """# Which Inception?

Several.

| name here | input | with gamma | without gamma | with heads | MACs | depth | which one that is |
|---|---|---|---|---|---|---|---|
| `one` | 224 | **6,998,552** | **6,998,552** | 13,378,280 | 1,582,671,872 | 22 | the paper's |
| `two` | 299 | **23,834,568** | 23,817,352 | - | 5,713,216,096 | 48 | timm's and slim's |

**Who counts otherwise?** Keras has 23,851,784.
"""


def built(patch, tmp_path):
    """The folder of the whole small site."""
    keep_small(patch, tmp_path)
    add_choices(make(patch, tmp_path))
    return build.build(tmp_path / "out", progress=False).folder


def add_choices(course):
    """Lesson 3, a glossary, a claim; lesson 2, which fails, goes."""
    (course / "02_failures.py").unlink()
    (course / "03_choices.py").write_text(THIRD, encoding="utf-8")
    (course / "glossary.md").write_text("# Glossary\n\n## A term\n\nSays what\nit means.\n", encoding="utf-8")
    (course / "which_inception.md").write_text(WHICH, encoding="utf-8")
    (course / "claims.toml").write_text(CLAIM, encoding="utf-8")
    (course / "verdicts").mkdir()
    (course / "verdicts" / "printed.py").write_text("", encoding="utf-8")
    (course / "verdicts" / "sums.py").write_text(VERDICTS, encoding="utf-8")


def keep_small(patch, tmp_path):
    """Only what these tests look at is made, and nothing is kept outside of their folder."""
    patch.setenv("TINYINCEPTION_DATA", str(tmp_path / "kept"))
    patch.setattr(reference, "ROOMS", ("gradcheck",))
    patch.setattr(chapters, "CLONE", tmp_path / "no clone")
    patch.setattr(chapters, "study_page", lambda: "# Studies")
    patch.setattr("tinyinception.plots.draw", lambda name, path: path.write_bytes(b"drawn"))
    patch.setattr("tinyinception.site.explorer.write", _write_explorer)
    patch.setattr("tinyinception.site.explorer.sources", lambda: "")  # which read lesson 20, that is none of these


def _write_explorer(folder, progress, home):
    (folder / "explorer").mkdir()
    page = f'<!DOCTYPE html><title>Explorer</title><a href="{home or "index.html"}">home</a>'
    page += '<p><a href="../lessons/03_choices.html">Lesson\n3</a> has the story.</p>'
    (folder / "explorer" / "index.html").write_text(page, encoding="utf-8")
