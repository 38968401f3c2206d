"""What a head with a role does, in words."""

# A verb and its object, for one head ("reads …") and for several ("read …").
DOES = {
    "previous token": ("read", "the previous token"),
    "first token": ("rest", "on the first token"),
    "same token": ("read", "the present token"),
    "duplicate token": ("read", "earlier copies of the present token"),
    "induction": ("read", "what followed earlier copies of the present token (induction)"),
}
