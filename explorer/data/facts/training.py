"""Numbers of a training: its losses, the text it reads, what its model writes."""

from explorer.data.facts.arguments import recorded, token_id
from model_core.embeddings import counts
from model_core.labels import readable
from model_core.prediction.pairs import followers
from model_core.runs import Run

SAMPLE = 60  # characters of a model's own text


def loss(run: Run, step: str = "last") -> float:
    """Of the batch drawn at that step, nats per token."""
    return _metric(run, "train_loss", step)


def val_loss(run: Run, step: str = "last") -> float:
    return _metric(run, "val_loss", step)


def _metric(run: Run, name: str, step: str) -> float:
    return float(run.metrics().set_index("step")[name].loc[recorded(run, step)])


def count(run: Run, token: str) -> int:
    return int(counts.frequency(run)[token_id(run, token)])


def follows(run: Run, after: str, before: str) -> float:
    """P(after | before) in the training text."""
    ids, vocab = run.split().train.numpy(), run.model_config.vocab_size
    found = followers(ids, token_id(run, before), vocab)
    return float(found[token_id(run, after)] / found.sum())


def sample(run: Run, step: str = "last") -> str:
    """The first characters of what the model wrote at that step."""
    text = str(run.metrics().set_index("step")["sample"].loc[recorded(run, step)])
    return readable(text[:SAMPLE])
