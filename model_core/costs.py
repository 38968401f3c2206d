"""What a model of a configuration costs to run."""

from model_core.config import ModelConfig


def flops_a_token(config: ModelConfig) -> int:
    """Floating-point operations of the matrix products of one forward pass, for each token.

    Two for each weight that a token meets: 12 C² a block, C·V at the head; and in attention two for
    each of C products with each of T keys, once for scores, once for values. As counted by Hoffmann
    et al. 2022, appendix F; norms, softmax and sums are left out, as there. A training step costs
    about three times as much (Kaplan et al. 2020).
    """
    V, T, C, L = config.vocab_size, config.block_size, config.n_embd, config.n_layer
    return L * (2 * 12 * C * C + 2 * 2 * T * C) + 2 * C * V
