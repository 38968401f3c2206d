"""What the parts of a lesson's file have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Line = Annotated[str, Field(min_length=1, max_length=300)]
Prose = Annotated[str, Field(min_length=1, max_length=1200)]


class Part(BaseModel):
    """A part of a lesson's file: its keys are these and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
