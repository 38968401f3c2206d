"""Train: start a model on a text, watch its loss and what it writes, steer it."""

import pandas as pd

from explorer.charts.training import gradient_panel, loss_panel
from explorer.panels import AnyPanel, Frame, Writings
from explorer.visit.clock import clock
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed
from explorer.visit.runs import is_own
from explorer.visit.sentence import Sentence
from model_core.labels import token_label

OWN, EXAMPLE = 492, 292  # pixels of the pictures, in whole lines of the list: alone, below a form


def draw(moment: Moment, sentence: Sentence) -> None:
    """The curves of the chosen run, and what it writes."""
    metrics, steps = moment.metrics, moment.steps
    height = OWN if is_own(moment.run) else EXAMPLE
    vocab_size = moment.run.model_config.vocab_size
    panels: list[AnyPanel] = [
        loss_panel(
            steps,
            metrics["train_loss"].to_numpy(),
            metrics["val_loss"].to_numpy(),
            vocab_size,
            Frame("loss", "Loss", span=5, height=height),
        ),
        Writings(
            Frame("sample", "What the model writes, newest first", span=4, height=height),
            steps.tolist(),
            list(metrics["sample"]),
            alt="A text sampled from the model at each recorded step, always with the same seed.",
        ),
        gradient_panel(
            steps,
            metrics["grad_norm"].to_numpy(),
            Frame("gradient", "Size of the gradient", span=3, height=height),
        ),
    ]
    moment = clock(moment, panels)
    with drawer():
        table = metrics.reset_index().drop(columns="sample")
        numbers(
            table, "All steps", File(moment.run.name, "training", None), csv=lambda: _csv(moment)
        )
    how_computed(
        r"\mathrm{loss} = -\frac{1}{B\,T}\sum_{b,t} \ln p(x_{b,t+1} \mid x_{b,1..t})",
        "The mean surprise at the true next token, in nats; guessing evenly costs ln V = "
        f"ln {vocab_size}. Training loss and gradient: the batch drawn at "
        "that step, before it moves the weights. Validation loss: always the same windows of text "
        "that is not trained on (of the same text where it is too short to hold any back).",
        "trainer.Trainer.compute_gradients, trainer.Trainer.validation_loss",
    )


def _csv(moment: Moment) -> pd.DataFrame:
    """Every recorded number and text."""
    table = moment.run.metrics()
    return table.assign(sample=[token_label(text) for text in table["sample"]])
