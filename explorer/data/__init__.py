"""Bounded caches around what takes time: the only folder that uses st.cache."""
