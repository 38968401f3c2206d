"""The end-of-text token: one token that stands between texts, in any kind of tokenizer."""

END = "<|endoftext|>"  # as in GPT-2 (Radford et al. 2019)
