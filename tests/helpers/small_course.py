"""A course of two small lessons, for tests of what lessons run on; the fixture `course` writes it to a folder."""

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


class Reader:
    """Answers from a list, then the end of input; `asked` are the questions."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, prompt):
        self.asked.append(prompt)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)
