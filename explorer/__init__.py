"""The Streamlit app: looks at recorded runs, never trains."""
