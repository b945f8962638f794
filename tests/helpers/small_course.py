"""A course of two small lessons, for tests of what lessons run on; the fixture `course` writes it to a folder."""

import tinyinception

FIRST = """# %% [markdown]
# # Lesson 1. Sums
#
# **Time:** 5 minutes. **Afterwards you know** how numbers
# are added.

# %%
a = 2
print("the first", a)


def half(x):
    return 1 / x


# %% [markdown]
# ## Adding
#
# **Predict:** what is a + a?

# %%
b = a + a
print("the second", b)

# %%
from tinyinception.course import figure, show

for name in ("01_one", "01_two"):
    drawn, axes = figure()
    axes.plot([1, b])
    show(drawn, name)

# %% [markdown]
# **Predict:** and half of it?

# %%
print("the last", b * half(2))
"""
SECOND = FIRST.replace("Lesson 1. Sums", "Lesson 2. Failures").replace("half(2)", "half(0)")
CHECKS = """from tinyinception.course.exercises import Exercise

EXERCISES = [Exercise("add", lambda x, y: x + y, [(1, 2), (3, 5)], {"That is a product.": lambda x, y: x * y}),
             Exercise("negate", lambda x: -x, [(4,)], {"That is the same number.": lambda x: x})]
"""
ANSWERS = "def add(x, y):\n    return {}\n\n\ndef negate(x):\n    return {}\n"


def make(patch, tmp_path):
    """Write the course to a folder, which becomes the one that is found; returns it. The working folder is empty."""
    place = tmp_path / "clone" / "lessons"
    for name in ("exercises", "checks", "solutions"):
        (place / name).mkdir(parents=True)
    (place / "01_sums.py").write_text(FIRST, encoding="utf-8")
    (place / "02_failures.py").write_text(SECOND, encoding="utf-8")
    (place / "claims.toml").write_text("", encoding="utf-8")
    (place / "checks" / "01_sums.py").write_text(CHECKS, encoding="utf-8")
    (place / "exercises" / "01_sums.py").write_text(ANSWERS.format("...", "..."), encoding="utf-8")
    (place / "solutions" / "01_sums.py").write_text(ANSWERS.format("x + y", "-x"), encoding="utf-8")
    patch.setattr(tinyinception, "__file__", str(tmp_path / "clone" / "tinyinception" / "__init__.py"))
    patch.setenv("TINYINCEPTION_FIGURES", str(tmp_path / "figures"))
    patch.setenv("MPLBACKEND", "agg")
    (tmp_path / "here").mkdir()
    patch.chdir(tmp_path / "here")
    return place


class Reader:
    """Answers from a list, then the end of input; `asked` are the questions."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, prompt):
        self.asked.append(prompt)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)
