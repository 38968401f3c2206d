"""Numbers of things in words."""


def counted(count: int, thing: str) -> str:
    """ "1 token", "3 tokens"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"
