"""umap-learn, which ours is measured against: compiled once, where it is called."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def umap_learn(request: pytest.FixtureRequest) -> Iterator[None]:
    """To import umap with: most of its time is that of its compiler, and nearly all not needed.

    Machine code is kept in pytest's own cache. The search for neighbours among thousands of rows,
    which no test has, is compiled when it is called instead of at import.
    """
    import numba

    assert request.config.cache is not None
    folder = request.config.cache.mkdir("numba")
    compiler: Callable[..., Any] = numba.njit

    def keeping(*given: Any, **options: Any) -> Any:
        """`given`: a function, or the types to compile the function below for at once."""

        def compiled(function: Callable[..., Any]) -> Any:
            at_once = () if function.__module__.startswith("pynndescent") else types
            return compiler(*at_once, **options | {"cache": True})(function)

        types = [one for one in given if not hasattr(one, "__code__")]
        return compiled if types or not given else compiled(*given)

    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(numba.config, "CACHE_DIR", str(folder))
        patch.setattr(numba, "njit", keeping)
        import umap  # noqa: F401

        yield
