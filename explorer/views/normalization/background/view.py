"""Background: why inputs are scaled, and how far those of a layer move while it learns."""

import streamlit as st

from explorer.views.normalization.background import scaling_inputs
from explorer.views.normalization.background.covariate_shift import view as covariate_shift
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of

SUBJECTS = {"Scaling inputs": scaling_inputs.draw, "Covariate shift": covariate_shift.draw}


def draw(moment: Moment, sentence: Sentence) -> None:
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    subject = one_of(bar.segmented_control, "normalization.background", "Subject", tuple(SUBJECTS))
    SUBJECTS[subject](bar, moment, sentence)
