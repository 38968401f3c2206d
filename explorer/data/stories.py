"""What the pictures on the stories' cards are computed from, read from the recorded runs."""

import numpy as np
import torch

from explorer.data.cache import cached
from model_core.attention import attend
from model_core.config import MapConfig
from model_core.projections import pca_over_time
from model_core.projections.maps import MapFile, table_of
from model_core.runs import Run


@cached(1)
def last_places(run: Run) -> np.ndarray:
    """(V, 2) of the tokens at the last step, on the map that came with the run."""
    config, vectors = MapConfig(), run.token_embeddings()
    made = MapFile(run.path, config).read(run.steps, table_of(run, config))
    return (pca_over_time(vectors, 2).layout if made is None else made.layout)[-1]


@cached(1)
def last_weights(run: Run, text: str, head: tuple[int, int]) -> np.ndarray:
    """(T, T) of one head that reads a text at the last step."""
    ids = torch.tensor(run.tokenizer.encode(text))
    return attend(run.model_at(int(run.steps[-1])), ids).weights[head]
