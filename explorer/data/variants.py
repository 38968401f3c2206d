"""What the runs of a comparison are made from: a bounded cache."""

import streamlit as st

from model_core.runs import Plan
from model_core.training.variants import COMPARISONS, plan_for


@st.cache_resource(max_entries=4, show_spinner=False)
def planned(name: str) -> Plan:
    """What the runs of the comparison of this name are made from, whatever their norm."""
    return plan_for(COMPARISONS[name])
