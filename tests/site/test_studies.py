"""The page of what came out of the studies, as Sphinx is given it."""

from tinyinception.course.files import folder
from tinyinception.site import chapters

PAGE = """# Studies: what came out

Lesson 11 counts them, and claims A48 to A54 rest on it.

<!-- study mine -->
| [mine](#mine) |
![How the arms learned](results/mine/figure.png)

Every training: [results.csv](results/mine/results.csv)
<!-- end -->
"""


def came_out(tmp_path, monkeypatch, course):
    monkeypatch.setattr(chapters, "folder", lambda: course)
    places = chapters.Places(tmp_path / "source", tmp_path / "out", {11: "11_two_3x3"})
    places.out.mkdir(parents=True)
    chapters.came_out(places)
    return places.source / "lessons" / "studies.md"


def test_its_pictures_and_rows_come_along_and_what_it_names_is_a_link(tmp_path, monkeypatch):
    course = tmp_path / "lessons"
    (course / "results" / "mine").mkdir(parents=True)
    (course / "results" / "mine" / "figure.png").write_bytes(b"drawn")
    (course / "results" / "mine" / "results.csv").write_text("arm,seed\n", encoding="utf-8")
    (course / "studies.md").write_text(PAGE, encoding="utf-8")
    text = came_out(tmp_path, monkeypatch, course).read_text(encoding="utf-8")
    assert '<img src="../pictures/study-mine.png" alt="How the arms learned" loading="lazy">' in text
    assert (tmp_path / "out" / "pictures" / "study-mine.png").read_bytes() == b"drawn"
    assert '<a href="../pictures/study-mine.csv" download>results.csv</a>' in text
    assert (tmp_path / "out" / "pictures" / "study-mine.csv").read_text(encoding="utf-8") == "arm,seed\n"
    assert "results/" not in text
    assert "(11_two_3x3.md)" in text
    assert '<a href="../claims.html#A48">A48</a>' in text


def test_the_page_of_the_package_can_be_written_and_a_course_without_one_has_none(tmp_path, monkeypatch):
    text = came_out(tmp_path / "a", monkeypatch, folder()).read_text(encoding="utf-8")
    assert "<!-- summary -->" in text
    (tmp_path / "none").mkdir()
    assert not came_out(tmp_path / "b", monkeypatch, tmp_path / "none").exists()
