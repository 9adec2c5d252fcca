"""Charts as inline SVG that takes its colours from the page: altair draws, vl-convert renders."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spack_census.ask.changed import StackChange
from spack_census.reports.changes import place
from spack_census.reports.report import Point
from spack_census.reports.sentences import xml_text

if TYPE_CHECKING:
    from markupsafe import Markup

LINES = 8
"""Targets that a trend draws; more lines cannot be told apart."""
BARS = 16
"""Stacks that a chart of stacks draws."""

_WIDTH = 620
# Each stands out from white and from near-black; shapes tell lines apart without colour.
_COLOURS = ("#2b7cd3", "#d9730d", "#1f9e77", "#b15bc8", "#c94f4f", "#a07a1f", "#2f9db5", "#7d838c")
_SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "stroke",
)
_FATES = ("kept", "rebuilt", "other version", "other build", "appeared")
_FATE_COLOURS = ("#7d838c", "#2b7cd3", "#d9730d", "#b15bc8", "#1f9e77")
_TAGS = {"svg", "g", "path", "line", "rect", "text", "tspan"}
_ATTRIBUTES = {
    *("d", "transform", "viewBox", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy"),
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
    *("opacity", "text-anchor", "font-size", "font-weight"),
}


def trend(points: Sequence[Point], figure: str, key: str, present: str | None = None) -> Markup:
    """Return a line a target of `num_packages` or `num_specs` over the snapshots of a series.

    The targets are the largest of the last snapshot; `present` is a snapshot to mark. `key` makes
    the ids in the SVG, which stand in one page with others.
    """
    import altair as alt

    names = largest(points, figure)
    noun = figure.removeprefix("num_")
    dated = all(point.snapshot_date for point in points)
    rows: list[dict[str, Any]] = [
        {
            "snapshot": str(point.snapshot_date) if dated else xml_text(point.snapshot),
            "target": name,
            "count": getattr(point, figure),
            "present": point.snapshot == present,
        }
        for point in points
        if (name := xml_text(place(point.platform, point.target))) in names
    ]
    x = _time(points, dated=dated)
    colour = alt.Scale(domain=names, range=_COLOURS[: len(names)])
    shape = alt.Scale(domain=names, range=_SHAPES[: len(names)])
    legend = alt.Legend(title=None, orient="bottom", columns=4, columnPadding=20)
    base = alt.Chart(_data(rows), width=_WIDTH, height=230).encode(x=x)
    lines = base.mark_line(strokeWidth=2).encode(
        y=alt.Y("count:Q", title=None),
        color=alt.Color("target:N", scale=colour, legend=legend),
        detail="target:N",
    )
    dots = base.mark_point(filled=True, size=42, opacity=1).encode(
        y="count:Q",
        color=alt.Color("target:N", scale=colour, legend=legend),
        shape=alt.Shape("target:N", scale=shape, legend=legend),
    )
    rule = base.mark_rule(strokeDash=[4, 3], color="currentColor", opacity=0.5)
    marks = [rule.transform_filter(alt.datum.present), lines, dots]
    title = f"{noun.capitalize()} on each target"
    about = f"A line for each of {len(names)} targets; the table below has the figures."
    return _svg(alt.layer(*marks), key, title, about)


def _time(points: Sequence[Point], *, dated: bool) -> Any:
    """Return the axis of snapshots: their dates where all have one, else their names in order."""
    import altair as alt

    if not dated:
        return alt.X("snapshot:O", sort=None, axis=alt.Axis(title=None, labelOverlap=True))
    ticks = [
        alt.DateTime(year=date.year, month=date.month, date=date.day, utc=True)
        for date in dict.fromkeys(point.snapshot_date for point in points)
        if date is not None
    ]
    axis = alt.Axis(title=None, labelOverlap=True, grid=False, format="%Y-%m-%d", values=ticks)
    return alt.X("utcyearmonthdate(snapshot):T", axis=axis)


def largest(points: Sequence[Point], figure: str) -> list[str]:
    """Return the names of the targets that a trend draws: the largest of the last snapshot."""
    last = [point for point in points if point.snapshot == points[-1].snapshot]
    ranked = sorted(last, key=lambda p: (-getattr(p, figure), p.platform, p.target))
    return [xml_text(place(point.platform, point.target)) for point in ranked[:LINES]]


def stacks(rows: Sequence[StackChange], key: str) -> Markup:
    """Return a bar a stack of what became of its specs, the largest stacks."""
    import altair as alt

    chosen = sorted(rows, key=lambda row: (-row.after_specs, row.stack))[:BARS]
    values = [
        {"stack": xml_text(row.stack), "fate": fate, "order": order, "specs": count}
        for row in chosen
        for order, (fate, count) in enumerate(zip(_FATES, _fates(row), strict=True))
    ]
    bars = (
        alt.Chart(_data(values), width=_WIDTH - 120, height=alt.Step(19))
        .mark_bar()
        .encode(
            x=alt.X("sum(specs):Q", title="specs"),
            y=alt.Y("stack:N", title=None, sort=[xml_text(row.stack) for row in chosen]),
            color=alt.Color(
                "fate:N",
                scale=alt.Scale(domain=_FATES, range=_FATE_COLOURS),
                legend=alt.Legend(title=None, orient="bottom", columns=5, columnPadding=20),
            ),
            order="order:Q",
        )
    )
    title = "What became of the specs of each stack"
    about = f"A bar for each of the {len(chosen)} largest stacks; the table has the figures."
    return _svg(bars, key, title, about)


def _fates(row: StackChange) -> tuple[int, ...]:
    return (
        row.kept + row.moved_in,
        row.rebuilt,
        row.upgraded + row.downgraded,
        row.recompiled + row.reconfigured,
        row.appeared,
    )


def _data(rows: list[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.InlineData(values=rows)


def _svg(chart: Any, key: str, title: str, about: str) -> Markup:
    import vl_convert

    shared: dict[str, Any] = {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    axis = {"gridColor": "currentColor", "gridOpacity": 0.15, "domainOpacity": 0.4}
    colours = {"domainColor": "currentColor", "tickColor": "currentColor", "labelLimit": 240}
    styled = (
        chart.configure_axis(**shared, **axis, **colours)
        .configure_legend(**shared, labelLimit=200)
        .configure_view(strokeWidth=0)
        .properties(background="transparent", padding=10)
    )
    return _inline(vl_convert.vegalite_to_svg(styled.to_dict()), key, title, about)


def _inline(svg: str, key: str, title: str, about: str) -> Markup:
    """Return an SVG with known elements and attributes only, ids of its own, and a name."""
    from markupsafe import Markup

    root = ET.fromstring(svg)  # noqa: S314 - as above
    _clean(root)
    root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-about"}
    for tag, text in (("desc", about), ("title", title)):
        element = ET.Element(tag, id=f"{key}-{'title' if tag == 'title' else 'about'}")
        element.text = text
        root.insert(0, element)
    # Only elements and attributes of ours are left in it, and its text is escaped.
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - see above


def _clean(element: ET.Element) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES}
    for child in list(element):
        _clean(child)
        drawn = child.tag in _TAGS and (child.tag != "path" or child.get("d", "") != "")
        if not drawn or (child.tag == "g" and len(child) == 0):
            element.remove(child)
