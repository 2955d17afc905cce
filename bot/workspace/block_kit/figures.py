"""Tables and charts. Their limits moved in the course of 2026; they stand here and nowhere else."""

from collections.abc import Mapping
from typing import Any

from bot.workspace.block_kit.checks import (
    Check,
    Inspection,
    Need,
    array,
    boolean,
    number,
    one_of,
    shape,
    string,
    typed,
    whole,
)
from bot.workspace.block_kit.objects import block_id
from bot.workspace.block_kit.rich_text import rich_text
from bot.workspace.model import Json

TABLE_ROWS, COLUMNS, TABLE_CHARACTERS = 100, 20, 10_000
DATA_TABLE_ROWS, DATA_TABLE_CHARACTERS = 200, 20_000
SEGMENTS, SERIES, POINTS, LABEL = 12, 12, 20, 20

_cells: Mapping[str, Check] = {
    "raw_text": shape(type=Need(one_of("raw_text")), text=Need(string(None, 1))),
    "raw_number": shape(type=Need(one_of("raw_number")), value=Need(number), text=string(None, 1)),
    "rich_text": rich_text,
}


def _column(inspection: Inspection, value: Any, pointer: str) -> None:
    # None leaves a column as it is.
    if value is not None:
        _column_settings(inspection, value, pointer)


_column_settings = shape(align=one_of("left", "center", "right"), is_wrapped=boolean)

table = shape(
    type=Need(one_of("table")),
    block_id=block_id,
    rows=Need(array(array(typed(_cells), 0, COLUMNS), 1, TABLE_ROWS)),
    column_settings=array(_column, 0, COLUMNS),
)


def _rows_agree(inspection: Inspection, value: Json, pointer: str) -> None:
    rows = value.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            inspection.note(f"{pointer}/rows/{place}", "all rows must have the same number of cells")
    for place, cell in enumerate(rows[0]):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            inspection.note(f"{pointer}/rows/0/{place}/type", "unsupported type: rich_text")
    header = value.get("row_header_column_index", 0)
    if isinstance(header, int) and header >= len(rows[0]):
        inspection.note(f"{pointer}/row_header_column_index", "must be one of the columns")


data_table = shape(
    _rows_agree,
    type=Need(one_of("data_table")),
    block_id=block_id,
    caption=Need(string(None, 1)),
    rows=Need(array(array(typed(_cells), 1, COLUMNS), 2, DATA_TABLE_ROWS + 1)),
    page_size=whole(1, 100),
    row_header_column_index=whole(0),
)


def characters(rows: Any) -> int:
    """The characters of all cells, as the limits over a message count them."""
    if isinstance(rows, list):
        return sum(characters(each) for each in rows)
    if isinstance(rows, dict):
        own = len(rows["text"]) if isinstance(rows.get("text"), str) else 0
        return own + characters(rows.get("elements"))
    return 0


def _positive(inspection: Inspection, value: Any, pointer: str) -> None:
    number(inspection, value, pointer)
    if isinstance(value, int | float) and value <= 0:
        inspection.note(pointer, "must be greater than 0")


_label = string(LABEL, 1)
_point = shape(label=Need(_label), value=Need(number))
_series = shape(name=Need(_label), data=Need(array(_point, 1, POINTS)))
_axes = shape(categories=Need(array(_label, 1, POINTS)), x_label=string(50), y_label=string(50))


def _series_cover(inspection: Inspection, value: Json, pointer: str) -> None:
    axes, series = value.get("axis_config"), value.get("series")
    if not isinstance(axes, dict) or not isinstance(series, list):
        return
    categories = axes.get("categories")
    names = [each.get("name") for each in series if isinstance(each, dict)]
    if len(set(map(str, names))) != len(names):
        inspection.note(f"{pointer}/series", "series names must be unique")
    for place, each in enumerate(series):
        data = each.get("data") if isinstance(each, dict) else None
        if not isinstance(data, list) or not isinstance(categories, list):
            continue
        labels = [point.get("label") for point in data if isinstance(point, dict)]
        if sorted(map(str, labels)) != sorted(map(str, categories)):
            inspection.note(f"{pointer}/series/{place}/data", "must have one point for every category")


def _axes_chart(kind: str) -> Check:
    return shape(
        _series_cover, type=Need(one_of(kind)), series=Need(array(_series, 1, SERIES)), axis_config=Need(_axes)
    )


data_visualization = shape(
    type=Need(one_of("data_visualization")),
    block_id=block_id,
    title=Need(string(50, 1)),
    chart=Need(
        typed(
            {
                "pie": shape(
                    type=Need(one_of("pie")),
                    segments=Need(array(shape(label=Need(_label), value=Need(_positive)), 1, SEGMENTS)),
                ),
                **{kind: _axes_chart(kind) for kind in ("bar", "area", "line")},
            }
        )
    ),
)
