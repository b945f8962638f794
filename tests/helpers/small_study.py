"""A study of real trainings, as small as it gets: two rates."""


def two_rates(path, *, seeds, epochs, also=""):
    """Write its file and return the path. also: lines among the study's own keys."""
    path.write_text(
        f"""
question = "Does a higher rate help?"
seeds = {seeds}
{also}
[base]
model = "plain_cifar"
model_options = {{ width = 0.25 }}
limit = 64
batch_size = 4
epochs = {epochs}
checkpoint_seconds = 1e-9  # a checkpoint after each step, so that whatever is killed has something to go on from
[arms.low]
lr = 0.02
[arms.high]
lr = 0.05
""",
        encoding="utf-8",
    )
    return path
