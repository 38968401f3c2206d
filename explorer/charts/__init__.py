"""Arrays and strings in, panels of the step clock out: no Streamlit, no torch."""
