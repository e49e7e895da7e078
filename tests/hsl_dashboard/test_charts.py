"""How charts are drawn from their numbers: heights, labels, lines with gaps, and the file."""

from hsl_dashboard.web.charts import Chart, Mark, Series, chart_csv


def chart(**options) -> Chart:
    return Chart(name="c", title="T", heading="Day", labels=["a", "b"], **options)


def test_bars_stand_on_each_other_and_end_at_a_round_number():
    drawn = chart(series=[Series("x", [3, 0]), Series("y", [4, 1], "new")])

    assert drawn.top == 10 and drawn.ticks == [10, 5, 0]
    assert [(bar.x, bar.y, bar.height) for bar in drawn.bars] == [
        (50, 168, 72), (50, 72, 96), (550, 240, 0), (550, 216, 24)
    ]  # fmt: skip


def test_a_chart_of_nothing_is_no_chart():
    assert chart(series=[Series("x", [0, None])]).is_empty and chart(series=[Series("x", [0, 0])]).top == 1


def test_lines_skip_what_is_not_known_and_marks_stand_in_the_middle_of_their_label():
    drawn = chart(series=[Series("x", [None, 5])], kind="lines", marks=[Mark(1, "m")])

    assert [(line.points, line.dot) for line in drawn.lines] == [("750,0", "M750,0h0")]  # one point alone is a dot
    assert [x for x, _mark in drawn.marked] == [750]


def test_a_file_of_a_chart_has_no_formula():
    written = chart_csv(chart(series=[Series("=x", [1, 2])]), period="p")

    assert "\n=x" not in written and ";=x" not in written
