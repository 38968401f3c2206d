"""The address of what this visitor is shown, and how it comes there."""

import streamlit as st

from explorer.visit import address, kept, session
from explorer.visit.state import LESSON


def publish() -> None:
    """Write into the address what brings another browser to the same view of this page.

    A browser asks for a rerun with the address that it has. That may equal what is wanted, and be
    older than what was sent last, which then still arrives.
    """
    here = session.visit()
    wanted = {
        name: address.encoded(session.value(name))
        for name, default in here.defaults.items()
        if name in here.drawn and session.is_drawn(name) and session.value(name) != default
    }
    short = {name: kept.shortened(value) for name, value in wanted.items()}
    wanted = {name: value for name, value in short.items() if value is not None}
    wanted |= address.write(session.chosen())
    if here.lesson and here.lesson[0]:
        wanted[LESSON] = "{}.{}".format(*here.lesson)
    if not st.query_params.to_dict() == wanted == here.published:
        st.query_params.from_dict(wanted)
        here.published = wanted


def shown_view() -> dict[str, str]:
    """The parameters that lead to the view that is shown, on any server; without the lesson."""
    asked = {name: kept.recalled(text) for name, text in st.query_params.to_dict().items()}
    return {name: text for name, text in asked.items() if name != LESSON and text is not None}
