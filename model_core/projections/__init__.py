"""Maps of embedding tables over time, and how far to trust them."""

from model_core.projections.arrows import arrows_on_map
from model_core.projections.chance import Chance, Verdict, chance, verdict
from model_core.projections.classics import aligned_umap_over_time, tsne_over_time
from model_core.projections.joint import umap_over_time
from model_core.projections.pca import PCA, axis_over_time, pca_over_time
from model_core.projections.trust import Trust, neighbours_kept, trust

__all__ = [
    "PCA",
    "Chance",
    "Trust",
    "Verdict",
    "aligned_umap_over_time",
    "arrows_on_map",
    "axis_over_time",
    "chance",
    "neighbours_kept",
    "pca_over_time",
    "trust",
    "tsne_over_time",
    "umap_over_time",
    "verdict",
]
