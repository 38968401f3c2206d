"""A small language model and everything known about it: no Streamlit, no Plotly."""
