"""The command `driftscope`: starts the app, or does what `python -m model_core` does."""

from pathlib import Path
from typing import Annotated

import typer

from model_core import __main__ as core

APP = Path(__file__).with_name("app.py")

app = typer.Typer(
    help="Watch a small language model learn: without a command, the app in your browser.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _without_a_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        start([])


@app.command("app", context_settings={"ignore_unknown_options": True})
def start(
    options: Annotated[list[str], typer.Argument(help="Options of `streamlit run`.")] = [],  # noqa: B006
) -> None:
    """Start the app; --server.port 8600 and the like go to Streamlit."""
    from streamlit.web.cli import main as streamlit

    # Settings come from .streamlit/config.toml beside app.py, wherever the command is given.
    streamlit(["run", str(APP), *options], prog_name="streamlit")


app.add_typer(core.app)


def main() -> None:
    core.main(app)


if __name__ == "__main__":
    main()
