"""What is compared with a run to say what happened in it: guesses, and neighbours."""

import numpy as np

from explorer.data.cache import cached, shown
from explorer.data.tables import token_embeddings
from explorer.visit.moment import Moment, frequency
from model_core.embeddings.neighbours import Pair, pairs_since
from model_core.prediction import guessing as levels
from model_core.prediction.guessing import Guessing
from model_core.runs import Run


@cached(16)
def guessing(run: Run) -> Guessing | None:
    """What guessing costs on the training text; None where that is gone."""
    try:
        ids = run.split().train.numpy()
    except ValueError:
        return None
    return levels.guessing(ids, run.model_config.vocab_size)


@cached(8, shown)
def pairs(moment: Moment, count: int) -> list[Pair]:
    """Rows shown that became each other's nearest after the first step: `count` of them.

    Those whose rarer token is the most frequent, in order of time.
    """
    if len(moment.rows) < 2:
        return []
    often = frequency(moment.run)[moment.rows]
    found = [pair for pair in pairs_since(token_embeddings(moment), "cosine") if pair.at]
    common = sorted(found, key=lambda pair: -int(np.minimum(often[pair.one], often[pair.other])))
    return sorted(common[:count])
