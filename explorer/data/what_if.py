"""The model of the settled step with other numbers in its tables."""

import torch

from explorer.data.cache import cached, settled
from explorer.data.readers import Ids
from explorer.visit.moment import Moment
from model_core.embeddings import edits
from model_core.embeddings.edits import Edit, Reading


@cached(32, settled)
def loss(moment: Moment, edit: Edit | None) -> float:
    """On the validation windows, nats per token; ValueError when the run's text is gone."""
    model = moment.run.model_at(moment.step)
    windows = moment.run.validation_windows()
    with edits.edited(model, edit):
        return edits.loss(model, *windows)


@cached(4, settled)  # of a large vocabulary some 50 MB each
def reading(moment: Moment, ids: Ids, edit: Edit | None) -> Reading:
    model = moment.run.model_at(moment.step)
    with edits.edited(model, edit):
        return edits.reading(model, torch.tensor(ids))
