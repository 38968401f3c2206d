"""Maps of embedding tables over time, and how far to trust them."""

from model_core.projections.joint import umap_over_time
from model_core.projections.pca import PCA, pca_over_time
from model_core.projections.trust import Trust, trust

__all__ = ["PCA", "Trust", "pca_over_time", "trust", "umap_over_time"]
