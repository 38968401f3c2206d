"""Training: the Trainer owns weights, optimizer, random state and step."""

import inspect

import torch
from torch import Tensor, nn

from model_core import corpora
from model_core.config import ModelConfig, TrainingConfig
from model_core.model import BigramLanguageModel


class Trainer:
    """One training, step by step; the same configurations and ids give the same bits.

    A step is split in two, so that what is recorded belongs together: `compute_gradients` runs
    the next batch forward and backward at the present weights, `update` is the optimizer's step.
    """

    def __init__(self, model_config: ModelConfig, config: TrainingConfig, ids: Tensor) -> None:
        """ids (N,) int64 are the whole corpus; ValueError when it is too short."""
        self.config = config
        self.split = corpora.split(ids, model_config.block_size)
        self.windows = corpora.windows(self.split.train, model_config.block_size)
        self.validation = corpora.validation_windows(self.split.validation, model_config.block_size)
        torch.manual_seed(config.seed)
        self.model = BigramLanguageModel(model_config)
        self.optimizer = make_optimizer(self.model, config)
        self._optimize = inspect.unwrap(type(self.optimizer).step)  # see _keep_the_compiler_away
        self.draws = torch.Generator().manual_seed(config.seed)
        self.step = 0
        self._draft: Tensor | None = None

    @property
    def epoch(self) -> float:
        """Tokens trained on / tokens in the training split."""
        tokens = self.step * self.config.batch_size * self.model.config.block_size
        return tokens / len(self.split.train)

    def compute_gradients(self) -> float:
        """Loss of the next batch in nats per token; its gradients stay with the parameters."""
        if not self.model.training:
            self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        _, loss = self.model(*corpora.batch(self.windows, self.config.batch_size, self.draws))
        loss.backward()
        return loss.item()

    def gradient_norms(self) -> dict[str, float]:
        """The Euclidean norm of the present gradients of each part of the model.

        Not clipped; keyed and ordered as `Anatomy.parts`.
        """
        norms = {}
        for name in self.model.anatomy.parts:
            parameters = self.model.get_submodule(name).parameters()
            gradients = [p.grad for p in parameters if p.grad is not None]
            norms[name] = nn.utils.get_total_norm(gradients).item()
        return norms

    def table_gradients(self) -> dict[str, Tensor]:
        """Copies of the present gradients of the tables, not clipped."""
        gradients = {n: self.model.get_parameter(n).grad for n in self.model.anatomy.tables}
        return {name: value.clone() for name, value in gradients.items() if value is not None}

    def update(self) -> None:
        """One optimizer step along the present gradients, clipped if so configured."""
        if self.config.grad_clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        with torch.no_grad():
            self._optimize(self.optimizer)
        self.step += 1

    @torch.inference_mode()
    def validation_loss(self) -> float:
        """Nats per token on a fixed set of windows, in evaluation mode."""
        self.model.eval()
        _, loss = self.model(*self.validation)
        return loss.item()

    @torch.inference_mode()
    def sample(self, count: int) -> Tensor:
        """The first id of the corpus, then `count` ≤ block_size drawn by the model: (count + 1,).

        Drawn by adding the same Gumbel noise to the logits every time and taking the largest, so
        that samples of two steps differ only where the model does. The last sample is the draft of
        the next: one pass finds its first wrong token and drafts what follows (Leviathan et al.
        2023), with the same result as token by token. Empty when a logit is not finite.
        """
        self.model.eval()
        draws = torch.Generator().manual_seed(self.config.seed)
        size = (count, self.model.config.vocab_size)
        noise = -torch.empty(size).exponential_(generator=draws).log()
        ids = self.split.train[: count + 1].clone() if self._draft is None else self._draft.clone()
        right = 0  # ids[: right + 1] are final
        while right < count:
            logits = self.model(ids[None, :count])[0][0]  # (count, V)
            if not logits.isfinite().all():
                return ids[:0]
            drawn = (logits + noise).argmax(-1)
            wrong = (drawn != ids[1:]).nonzero()
            right = int(wrong[0]) + 1 if len(wrong) else count
            ids[1:] = drawn
        self._draft = ids
        return ids.clone()

    def resume_state(self) -> dict[str, Tensor]:
        """What resuming needs beside the weights to continue as if never stopped."""
        state = {
            f"optimizer.{index}.{name}": torch.as_tensor(value).clone()
            for index, values in self.optimizer.state_dict()["state"].items()
            for name, value in values.items()
            if value is not None
        }
        return {"draws": self.draws.get_state(), "torch": torch.get_rng_state(), **state}

    def restore(self, step: int, weights: dict[str, Tensor], state: dict[str, Tensor]) -> None:
        """Go back to `step`, where these weights and this `resume_state` were taken."""
        self.model.load_state_dict(weights)
        self.draws.set_state(state["draws"])
        torch.set_rng_state(state["torch"])
        whole = self.optimizer.state_dict()
        for key, value in state.items():
            _, _, rest = key.partition("optimizer.")
            if rest:
                index, _, name = rest.partition(".")
                whole["state"].setdefault(int(index), {})[name] = value.clone()
        self.optimizer.load_state_dict(whole)
        self.step = step


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Weight decay falls on matrices only, not on gains and biases."""
    _keep_the_compiler_away()
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    match config.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr=config.learning_rate)
        case "adam":
            return torch.optim.Adam(groups, lr=config.learning_rate, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def _keep_the_compiler_away() -> None:
    """Spare each trainer a second at its start.

    Methods of torch's optimizers import its whole compiler at their first call, only to ask it to
    leave them alone. They do not where the mark is already set, nor without the wrappers of
    `step`, of which only no_grad is needed. Nothing here is ever compiled.
    """
    for method in vars(torch.optim.Optimizer).values():
        original = getattr(method, "__wrapped__", None)
        if original is not None:
            original.__dict__.setdefault("__dynamo_disable", original)
