"""Studies as they are written down: what a file means, and one clear error for whatever cannot be."""

import pytest

from tinyinception import studies
from tinyinception.errors import ArgumentError
from tinyinception.train import Config

TWO = """
question = "Does it help?"
[arms.a]
label_smoothing = 0.0
[arms.b]
label_smoothing = 0.1
"""


@pytest.fixture
def write(tmp_path):
    """write(text) -> the path of a study that says so."""

    def call(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return call


def test_a_file_of_two_arms_means_two_configs_and_three_seeds(write):
    study = studies.load(write(TWO))
    assert study.name == "mine"
    assert study.arms == {
        "a": Config.for_data("drawn", label_smoothing=0.0),
        "b": Config.for_data("drawn", label_smoothing=0.1),
    }
    assert (study.seeds, study.trainings, study.measures) == ((0, 1, 2), 6, ("test_accuracy",))
    assert study.compare == (("a", "b"),)
    assert studies.load(write(TWO), seeds=[3]).words[1:] == ("--seeds", "3,")


def test_arms_go_over_the_base_and_options_only_of_the_same_network(write):
    text = """
question = "?"
[base]
data = "cifar10"
model = "plain_cifar"
model_options = { width = 0.5, dropout = 0.0 }
[arms.narrow]
[arms.dropping.model_options]
dropout = 0.3
[arms.other]
model = "inception_cifar"
"""
    arms = studies.load(write(text)).arms
    assert arms["narrow"].model_options == {"width": 0.5, "dropout": 0.0}
    assert arms["dropping"].model_options == {"width": 0.5, "dropout": 0.3}
    assert arms["other"].model_options == {}
    assert {arm.batch_size for arm in arms.values()} == {128}  # the recipe of cifar10


def test_lists_are_crossed_with_each_other_and_with_arms(write):
    text = """
question = "?"
[arms.x]
[arms.y]
clip = 2.0
[cross]
lr = [0.1, 0.2]
[cross.model_options]
dropout = [0.0, 0.5, 0.6]
"""
    study = studies.load(write(text))
    assert len(study.arms) == 12
    found = study.arms["y, lr=0.2, dropout=0.5"]
    assert (found.clip, found.lr, found.model_options) == (2.0, 0.2, {"dropout": 0.5})
    assert study.budget == "3 epochs of all training images of drawn, in batches of 64"
    alone = studies.load(write('question = "?"\n[cross]\nlr = [0.1, 0.2]'))
    assert list(alone.arms) == ["lr=0.1", "lr=0.2"]


def test_a_quick_study_has_two_seeds_and_little_of_the_drawn_data(write):
    text = TWO.replace("[arms.a]", '[base]\ndata = "cifar10"\nepochs = 8\n[arms.a]', 1)
    quick = studies.load(write(text), quick=True)
    assert (quick.quick, quick.seeds) == (True, (0, 1))
    assert {(one.data, one.epochs, one.limit, one.batch_size) for one in quick.arms.values()} == {
        ("drawn", 2, 2000, 64)
    }
    own = studies.load(write(text + "[quick]\nepochs = 5\nseeds = 1\n"), quick=True, data="mnist")
    assert own.seeds == (0,)
    assert {(one.data, one.epochs, one.limit) for one in own.arms.values()} == {("mnist", 5, 2000)}
    assert studies.load(write(text), quick=True, seeds=[4, 7, 9]).seeds == (4, 7, 9)


def test_groups_are_compared_each_with_its_first(write):
    text = 'question = "?"\ncompare = {}\n[arms.a]\nlr = 0.1\n[arms.b]\nlr = 0.2\n[arms.c]\nlr = 0.3\n'
    for said, meant in (
        ('["b"]', (("b", "a", "c"),)),
        ('["c", "a"]', (("c", "a"),)),
        ('[["a", "b"], ["b", "c"]]', (("a", "b"), ("b", "c"))),
    ):
        assert studies.load(write(text.format(said))).compare == meant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("question = ", "is no TOML"),
        ("[arms.a]\n[arms.b]", "question must say what is asked"),
        ('question = "?"\nsedes = 3', "unknown key 'sedes'; did you mean 'seeds'"),
        ('question = "?"', r"nothing to compare; give two arms, \[arms.NAME\], or lists in \[cross\]"),
        ('question = "?"\n[arms.a]', "nothing to compare; give two arms, or several measures of one"),
        ('question = 3\n[arms.a]\n[arms.b]', "question must be a text, got 3"),
        (TWO + "[arms.c]\nlearning_rate = 0.1", "unknown field in arm c: 'learning_rate'; did you mean 'lr'"),
        (TWO + "[arms.c]\nlabel_smooting = 0.1", "did you mean 'label_smoothing'"),
        (TWO + "[arms.c]\nlabel_smoothing = 1.5", r"arm c: label_smoothing must be a number in \[0, 1\), got 1.5"),
        (TWO + '[arms.c]\nmodel = "inception_cifra"', "arm c: unknown model 'inception_cifra'; did you mean"),
        (TWO + "[arms.c.model_options]\ndropuot = 0.1", r"arm c: .*there is no dropuot"),
        (TWO + "[arms.c]\nseed = 4", "seed: a study has its seeds for all arms"),
        (TWO + "[arms.c]\nlabel_smoothing = 0.1", "the arms b and c are the same training"),
        (TWO + "[arms.B]\nlr = 0.3", "the arms b and B would have one folder on some systems"),
        (TWO + '[arms."../c"]\nlr = 0.3', "an arm's name is a folder's too"),
        (TWO + "[base]\nbatchsize = 3", "unknown field in base: 'batchsize'; did you mean 'batch_size'"),
        (TWO + "[quick]\nepocs = 3", "unknown field in quick: 'epocs'; did you mean 'epochs'"),
        ("seeds = 0\n" + TWO, "seeds must be how many, or a list of whole numbers"),
        ("seeds = [1, 1]\n" + TWO, "seeds must differ"),
        ('measure = "accuracy"\n' + TWO, r"unknown measure 'accuracy'; did you mean '.*accuracy'"),
        ('measure = "steps_to_target"\n' + TWO, "steps_to_target needs `target`"),
        ("ensemble = 3\n" + TWO, "ensemble must be true or false, got 3"),
        ("target = 60\n" + TWO, r"target must be a number in \(0, 1\], got 60"),
        ('compare = ["a", "d"]\n' + TWO, "unknown arm in compare: 'd'"),
        ("compare = 3\n" + TWO, "compare must be a list of arms"),
        (TWO + "[cross]\nlr = 0.1", "cross: lr must be a list of values, got 0.1"),
        (TWO + "[cross]\nepocs = [1]", "unknown field in cross: 'epocs'; did you mean 'epochs'"),
        (TWO + f"[cross]\nlr = {[n / 1000 for n in range(1, 999)]}\nclip = {[float(n) for n in range(1, 999)]}",
         "it is 5,976,024 trainings; at most 100,000 can be asked for"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_error_that_names_file_and_place(write, text, told):
    path = write(text)
    with pytest.raises(ArgumentError, match=told) as caught:
        studies.load(path)
    assert str(caught.value).startswith(f"study {path}: ")
    assert "\n" not in str(caught.value)


def test_unknown_names_and_files_say_what_there_is(tmp_path):
    with pytest.raises(ArgumentError, match=r"unknown study.* 'smoothin'; did you mean 'smoothing'"):
        studies.load("smoothin")
    (tmp_path / "mine.toml").write_text(TWO, encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"unknown study '.*mine' .*; there is a file .*mine\.toml$"):
        studies.load(tmp_path / "mine")
    with pytest.raises(ArgumentError, match=r"none\.toml cannot be read: No such file"):
        studies.load(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ArgumentError, match="cannot be read: it is a folder"):
        studies.load(tmp_path / "folder.toml")
