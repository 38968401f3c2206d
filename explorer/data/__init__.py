"""Bounded caches around what takes time: the only place that says st.cache."""
