"""Charts drawn by the server: SVG in whole numbers, coloured by classes, with the same data as a table and as files."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import StringIO
from itertools import pairwise
from typing import Any, Literal

from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.web.spreadsheets import BYTE_ORDER_MARK, safe_cell

# Units of the drawing. It is stretched to the width of the page; text stands outside of it, so it keeps its size.
WIDTH, HEIGHT = 1000, 240
SPARK_WIDTH, SPARK_HEIGHT = 120, 32
FILE_HEIGHT, NOTE_HEIGHT = 360, 20  # of a file without notes, and of each note below it
LABELS_SHOWN = 6  # along the axis
NOT_OVER = _("The last day or week is not over yet.")
# Names of the fills in static/css/charts.css, and what a file on its own has instead (of the light theme).
FILLS = {
    "accent": "#5140cf", "confirmed": "#2f9e5f", "pending": "#c08000", "new": "#3f83dd", "cancelled": "#d4483f",
    "unknown": "#85859a",
}  # fmt: skip
# What a chart has hundreds of is put together here: the template took seven times as long for it.
BAR = '<rect class="fill-{}{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
REACH = '<rect class="reach" x="{}" width="{}" height="240"><title>{}</title></rect>'
ROW, CELL = '<tr><th scope="row">{}</th>{}</tr>', '<td class="numeric">{}</td>'

Fill = Literal["accent", "confirmed", "pending", "new", "cancelled", "unknown"]


@dataclass(frozen=True)
class Series:
    """One row of numbers, as many as the chart has labels; None where there is nothing to draw."""

    label: Any
    values: Sequence[int | None]
    fill: Fill = "accent"

    @property
    def colour(self) -> str:
        return FILLS[self.fill]


@dataclass(frozen=True)
class Mark:
    """Something that happened at one of the labels: a broadcast, the start of a stream."""

    at: int  # the number of the label
    label: Any
    address: str = ""
    is_drawn: bool = True  # as a dashed line; without it only the words below the drawing


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    fill: str
    title: str
    unfinished: bool

    @property
    def colour(self) -> str:
        return FILLS[self.fill]


@dataclass(frozen=True)
class Stroke:
    points: str
    fill: str

    @property
    def dot(self) -> str:
        """The only point of a line as a path without length: its round end is drawn, a polyline of it is not."""
        return "" if " " in self.points or not self.points else f"M{self.points}h0"

    @property
    def colour(self) -> str:
        return FILLS[self.fill]


@dataclass(frozen=True)
class Chart:
    """Bars (stacked, if there are several series) or lines over the same labels; ``_shared/_chart.html`` draws it."""

    name: str  # the id of its element, and the name of its files
    title: Any
    heading: Any  # of the labels: "Day"
    labels: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bars", "lines"] = "bars"
    marks: Sequence[Mark] = ()
    days: Sequence[date] = ()  # the first day of each label, which a file says in full
    unfinished: bool = False  # the last label is not over yet
    definition: Any = ""
    files: str = ""  # the address that gives the data with ?format=csv and the picture with ?format=svg

    @cached_property
    def top(self) -> int:
        """The upper end of the axis: one, two or five times a power of ten."""
        totals = [sum(v or 0 for v in column) for column in self._columns()] if self.kind == "bars" else []
        largest = max([*totals, *(v or 0 for series in self.series for v in series.values)], default=0)
        step = 1
        while True:
            for factor in (1, 2, 5):
                if factor * step >= largest:
                    return factor * step
            step *= 10

    @property
    def ticks(self) -> list[int]:
        """What stands beside the axis, from the top down."""
        return [self.top, self.top // 2, 0] if self.top % 2 == 0 else [self.top, 0]

    @property
    def shown_labels(self) -> list[str]:
        """The labels that have room below the axis, evenly spread, the first and the last among them."""
        count = len(self.labels)
        if count <= LABELS_SHOWN:
            return list(self.labels)
        return [self.labels[round(i * (count - 1) / (LABELS_SHOWN - 1))] for i in range(LABELS_SHOWN)]

    @property
    def has_label_per_bar(self) -> bool:
        """Whether each bar has its label, which then stands below it."""
        return self.kind == "bars" and len(self.labels) <= LABELS_SHOWN

    @property
    def bars(self) -> list[Bar]:
        """The bars, lowest of each stack first; none in a chart of lines."""
        found, last = [], len(self.labels) - 1
        for number, (left, right) in enumerate(pairwise(self._edges())) if self.kind == "bars" else ():
            below, gap = 0, (right - left) // 5
            for name, series in zip(self._names, self.series, strict=True):
                value = series.values[number] or 0
                foot, below = below, below + value
                top, bottom = self._y(below), self._y(foot)
                found.append(
                    Bar(
                        x=left + gap // 2,
                        y=top,
                        width=max(1, right - left - gap),
                        height=bottom - top,
                        fill=series.fill,
                        title=f"{self.labels[number]}: {name} {value}",
                        unfinished=self.unfinished and number == last,
                    )
                )
        return found

    @property
    def lines(self) -> list[Stroke]:
        if self.kind != "lines":
            return []
        centres = self._centres()
        return [
            Stroke(
                " ".join(f"{x},{self._y(v)}" for x, v in zip(centres, series.values, strict=True) if v is not None),
                series.fill,
            )
            for series in self.series
        ]

    @property
    def columns(self) -> list[Bar]:
        """One invisible bar per label over the whole height: what the pointer reads in a chart of lines."""
        if self.kind != "lines":
            return []
        return [
            Bar(left, 0, right - left, HEIGHT, "accent", self._said(number), unfinished=False)
            for number, (left, right) in enumerate(pairwise(self._edges()))
        ]

    @property
    def marked(self) -> list[tuple[int, Mark]]:
        """The marks that are drawn, with their place on the axis."""
        centres = self._centres()
        return [(centres[mark.at], mark) for mark in self.marks if mark.is_drawn]

    @property
    def rows(self) -> list[tuple[str, list[int | None], list[Mark]]]:
        """The table: label, a number per series, what happened then."""
        columns = self._columns()
        return [
            (label, list(columns[number]), [mark for mark in self.marks if mark.at == number])
            for number, label in enumerate(self.labels)
        ]

    @property
    def drawn_bars(self) -> SafeString:
        """The bars as the page draws them."""
        return format_html_join(
            "\n",
            BAR,
            (
                (bar.fill, " faint" if bar.unfinished else "", bar.x, bar.y, bar.width, bar.height, bar.title)
                for bar in self.bars
            ),
        )

    @property
    def drawn_reach(self) -> SafeString:
        """What the pointer reads in a chart of lines, as the page draws it."""
        return format_html_join("\n", REACH, ((bar.x, bar.width, bar.title) for bar in self.columns))

    @property
    def drawn_rows(self) -> SafeString:
        """The lines of the table, as the page draws them."""
        return format_html_join(
            "\n",
            ROW,
            (
                (label, SafeString("".join(CELL.format("—" if n is None else n) for n in numbers)))
                for label, numbers in zip(self.labels, self._columns(), strict=True)
            ),
        )

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    # The file: its text stands in the drawing.

    @property
    def file_ticks(self) -> list[tuple[int, int]]:
        return [(65 + number * HEIGHT // (len(self.ticks) - 1), tick) for number, tick in enumerate(self.ticks)]

    @property
    def file_labels(self) -> list[tuple[int, str]]:
        every = max(1, -(-len(self.labels) // (2 * LABELS_SHOWN)))
        return list(zip(self._centres(), self.labels, strict=True))[::every]

    @property
    def file_legend(self) -> list[tuple[int, Series]]:
        return [(70 + number * 220, series) for number, series in enumerate(self.series)]

    @property
    def file_notes(self) -> list[tuple[int, str]]:
        """What is said below the drawing: that the last label is not over, and what happened when."""
        happened = [f"{label}: {mark.label}" for label, _n, marks in self.rows for mark in marks if mark.is_drawn]
        notes = [str(NOT_OVER), *happened] if self.unfinished else happened
        return [(FILE_HEIGHT + NOTE_HEIGHT * number, note) for number, note in enumerate(notes, start=1)]

    @property
    def file_height(self) -> int:
        return FILE_HEIGHT + NOTE_HEIGHT * (len(self.file_notes) + 1 if self.file_notes else 0)

    @property
    def unfinished_x(self) -> int:
        return self._edges()[-2] if self.labels else WIDTH

    @property
    def unfinished_width(self) -> int:
        return WIDTH - self.unfinished_x

    def _said(self, number: int) -> str:
        said = (f"{name} {series.values[number]}" for name, series in zip(self._names, self.series, strict=True))
        return f"{self.labels[number]}: {', '.join(said)}"

    @cached_property
    def _names(self) -> list[str]:
        """The labels of the series, translated once for all places that say them."""
        return [str(series.label) for series in self.series]

    def _columns(self) -> list[tuple[int | None, ...]]:
        return list(zip(*(series.values for series in self.series), strict=True))

    def _edges(self) -> list[int]:
        count = len(self.labels) or 1
        return [number * WIDTH // count for number in range(count + 1)]

    def _centres(self) -> list[int]:
        return [(left + right) // 2 for left, right in pairwise(self._edges())]

    def _y(self, value: int) -> int:
        return HEIGHT - round(value * HEIGHT / self.top)


def sparkline(values: Sequence[int]) -> str:
    """Give the points of a small line without axes, for ``_shared/_sparkline.html``."""
    largest, last = max([*values, 1]), max(len(values) - 1, 1)
    inner = SPARK_HEIGHT - 4  # the line is two units thick
    return " ".join(
        f"{number * SPARK_WIDTH // last},{2 + inner - value * inner // largest}" for number, value in enumerate(values)
    )


def chart_lines(chart: Chart, *, period: str) -> Iterator[list[Any]]:
    """Give the lines of the chart's file: its title and period, the heads, then one line per label.

    The last column says what happened then; a chart without marks has none.
    """
    happened = any(mark.is_drawn for mark in chart.marks)
    yield [f"{chart.title}, {period}"]
    yield [chart.heading, *(series.label for series in chart.series), *([gettext("What happened")] if happened else [])]
    for label, (_label, numbers, marks) in zip(chart.days or chart.labels, chart.rows, strict=True):
        told = ["; ".join(str(mark.label) for mark in marks)] if happened else []
        yield [label, *("" if number is None else number for number in numbers), *told]


def chart_csv(chart: Chart, *, period: str) -> str:
    """Write the data as a file that Excel opens as it is: UTF-8 with its mark, semicolons."""
    written = StringIO()
    lines = chart_lines(chart, period=period)
    csv.writer(written, delimiter=";").writerows([_cell(cell) for cell in line] for line in lines)
    return BYTE_ORDER_MARK + written.getvalue()


def _cell(cell: Any) -> Any:
    return cell if isinstance(cell, int) else safe_cell(str(cell))


def chart_svg(chart: Chart, *, period: str) -> str:
    """Draw the chart as a file of its own, with title and period printed in it."""
    return render_to_string("_shared/_chart.svg", {"chart": chart, "period": period})
