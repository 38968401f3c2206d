"""What the header of a payload says of each kind of panel."""

import json
from dataclasses import asdict
from typing import Any, assert_never

import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from explorer.panels import (
    AnyPanel,
    Events,
    Letters,
    Listing,
    Machine,
    Mosaic,
    Panel,
    Roles,
    Text,
    Words,
    Writings,
)
from explorer.player.arrays import Arrays
from explorer.player.checks import (
    check_frame,
    check_letters,
    check_listing,
    check_machine,
    check_mosaic,
    check_moving,
    check_text,
    check_ways,
    check_words,
)


def entry(panel: AnyPanel, steps: int, recorded: int, arrays: Arrays) -> dict[str, Any]:
    """The header's entry of one panel; its arrays are added to `arrays`."""
    frame = panel.frame
    check_frame(frame, steps)
    common = {
        "key": frame.key,
        "title": frame.title,
        "alt": panel.alt,
        "span": frame.span,
        "rows": frame.rows,
        "height": frame.height,
        "notes": [str(note) for note in frame.notes],
    }
    match panel:
        case Words():
            check_words(panel, recorded)
            return common | _words(panel)
        case Writings():
            check_words(panel, recorded)
            return common | _writings(panel)
        case Mosaic():
            check_mosaic(panel, steps)
            return common | _mosaic(panel, arrays)
        case Machine():
            check_machine(panel, steps)
            return common | _machine(panel, arrays)
        case Letters():
            check_letters(panel, recorded)
            return common | _letters(panel, arrays)
        case Listing():
            check_listing(panel, steps)
            return common | _listing(panel, arrays)
        case Events():
            return common | {"kind": "events"}
        case Text():
            check_text(panel, steps)
            return common | _text(panel, arrays)
        case Panel():
            return common | _plot(panel, steps, arrays)
    assert_never(panel)


def _plot(panel: Panel, steps: int, arrays: Arrays) -> dict[str, Any]:
    moving = [
        {"path": path, "array": arrays.add(check_moving(panel, path, array, steps)), "way": False}
        for path, array in panel.moving.items()
    ]
    ways = [
        {"path": path, "array": arrays.add(check_ways(panel, path, array, steps)), "way": True}
        for path, array in panel.ways.items()
    ]
    return {
        "kind": "plot",
        "figure": figure_json(panel.figure),
        "moving": moving + ways,
        "pickable": panel.picks is not None,
        "lasso": panel.lasso,
        "declutter": panel.declutter,
    }


def _writings(panel: Writings) -> dict[str, Any]:
    return {
        "kind": "writings",
        "texts": [str(text) for text in panel.texts],
        "steps": [int(step) for step in panel.steps],
    }


def _words(panel: Words) -> dict[str, Any]:
    return {
        "kind": "words",
        "texts": [str(text) for text in panel.texts],
        "faint": [[[int(end) for end in part] for part in parts] for parts in panel.faint],
        "beside": panel.beside,
        "table": panel.table,
    }


def _mosaic(panel: Mosaic, arrays: Arrays) -> dict[str, Any]:
    return {
        "kind": "mosaic",
        "array": arrays.add(panel.weights),
        "size": int(panel.size),
        "selected": [int(number) for number in panel.selected],
        **_roles(panel.roles, arrays),
    }


def _machine(panel: Machine, arrays: Arrays) -> dict[str, Any]:
    names = ("rows", "weights", "sizes", "next", "chances", "true")
    return {
        "kind": "machine",
        "arrays": {name: arrays.add(getattr(panel, name)) for name in names},
        "labels": [str(label) for label in panel.labels],
        "names": [str(name) for name in panel.names],
        "following": [int(one) for one in panel.following],
        "unread": {str(position): label for position, label in panel.unread.items()},
        "bounds": [float(end) for end in panel.bounds],
        "position": int(panel.position),
        "vocabulary": int(panel.vocabulary),
        "parameters": [int(count) for count in panel.parameters],
        **_roles(panel.roles, arrays),
    }


def _letters(panel: Letters, arrays: Arrays) -> dict[str, Any]:
    return {
        "kind": "letters",
        "array": arrays.add(panel.points),
        "labels": [str(label) for label in panel.labels],
        "colours": [str(colour) for colour in panel.colours],
        "chosen": panel.chosen,
    }


def _listing(panel: Listing, arrays: Arrays) -> dict[str, Any]:
    names = {str(n): picture for n, picture in enumerate(panel.pictures)}
    return {
        "kind": "listing",
        "array": arrays.add(panel.numbers),
        "arrays": {name: arrays.add(picture) for name, picture in names.items()},
        "lines": [asdict(row) for row in panel.rows],
        "headings": list(panel.headings),
        "names": [str(name) for name in panel.names],
        "says": panel.says,
        "lead": int(panel.lead),
        "nothing": panel.nothing,
        "bars": panel.bars,
        "pickable": panel.picks is not None,
    }


def _text(panel: Text, arrays: Arrays) -> dict[str, Any]:
    return {
        "kind": "text",
        "array": None if panel.weights is None else arrays.add(panel.weights),
        "beneath": [str(words) for words in panel.beneath],
        "labels": [str(label) for label in panel.labels],
        "says": panel.says,
        "query": int(panel.query),
        "written": [int(position) for position in panel.written],
        "marked": {str(position): colour for position, colour in panel.marked.items()},
        "unread": {str(position): label for position, label in panel.unread.items()},
    }


def _roles(roles: Roles | None, arrays: Arrays) -> dict[str, Any]:
    return {
        "roles": arrays.add(roles.numbers) if roles else None,
        "role_names": [str(name) for name in roles.names] if roles else [],
    }


def figure_json(figure: go.Figure) -> str:
    """The figure as JSON without its template: axes, grid and fonts follow the page's theme."""
    plain = figure.to_dict()
    plain.get("layout", {}).pop("template", None)
    return json.dumps(plain, cls=PlotlyJSONEncoder)
