"""The least that Streamlit and Plotly can show, to measure opening the app beside."""

import plotly.graph_objects as go
import streamlit as st

st.plotly_chart(go.Figure(go.Scatter(x=[0, 1, 2], y=[2, 0, 1])))
