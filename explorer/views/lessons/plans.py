"""What a slide is to train, chosen while it is written, and how long that takes."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from pydantic import ValidationError

from explorer.data.others import made_from
from explorer.data.presets import origin, planned
from explorer.lessons.files import broken_rule
from explorer.lessons.training import Training
from explorer.visit import runs
from explorer.visit.page import plain
from explorer.visit.queue import about
from model_core.runs.storage import check_name
from model_core.training.pace import training_seconds
from model_core.training.presets import PRESETS

NOTHING = "nothing"
HELP = (
    "A button on the slide trains this run, once for all who read the lesson on this computer. "
    "From this slide on, the lesson may show it and have its numbers."
)


def choose(old: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Run and training as the slide's file has them, {} for none; at first those of `old`.

    ValueError with the rule that they break.
    """
    trains = old.get("train") or {}
    recipes = {name: {} for name in PRESETS} | _shown() | _same(trains)
    names = (NOTHING, *recipes)
    recipe = st.selectbox(
        "A button on it trains", names, len(names) - 1 if trains else 0, key=key, help=HELP
    )
    if recipe == NOTHING:
        return {}
    given = recipes[recipe]
    preset, changes = given.get("preset", recipe), given.get("changes", {})
    training = planned(preset, tuple(changes.items())).training_config
    with st.container(horizontal=True, gap="xsmall"):
        seed = str(training.seed + (not given))  # the preset's own run comes with the app
        fields = {
            "steps": st.number_input("Steps", 1, value=training.steps, key=f"{key} {recipe} steps"),
            "seed": st.text_input("Seed", seed, key=f"{key} {recipe} seed"),
        }
    changes = _changed(preset, changes, fields)
    name = st.text_input(
        "Name of that run", old["run"] if trains else f"my-{preset}", key=f"{key} {recipe} name"
    )
    check_name(name)
    try:
        asked = Training(preset=preset, changes=changes)
    except ValidationError as error:
        raise ValueError(broken_rule(error)) from None
    _say(asked, name)
    return {"run": name, "train": asked.model_dump(mode="json")}


def _changed(preset: str, changes: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with what these fields say, where that is not the preset's own."""
    asked = planned(preset, tuple({**changes, **fields}.items())).training_config
    own = planned(preset).training_config
    said = {
        name: getattr(asked, name) for name in fields if getattr(asked, name) != getattr(own, name)
    }
    return {name: value for name, value in changes.items() if name not in fields} | said


def _shown() -> dict[str, Any]:
    """The recipe of the run that is shown, if a preset makes it with few changes."""
    run = runs.open_run()
    preset, changes, of_own_text = origin(run)
    if of_own_text or len(changes) > 6:
        return {}
    return {f"the same as {run.name}": {"preset": preset.name, "changes": changes}}


def _same(trains: Mapping[str, Any]) -> dict[str, Any]:
    return {"what it trains now": trains} if trains else {}


def _say(asked: Training, name: str) -> None:
    """What the button will do, or why there will be none."""
    if path := made_from(asked.plan):
        st.caption(
            f"There is such a run here, {plain(path.name)}: the slide shows it, without a button. "
            "Another seed makes another run."
        )
        return
    model, training = asked.plan.model_config, asked.plan.training_config
    st.caption(
        f"Its button will train {plain(name)}, {model.weights:,} weights, for {training.steps:,} "
        f"steps: {about(training_seconds(asked.plan))} here."
    )
