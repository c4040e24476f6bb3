"""One thread: figures do not depend on the cores of a machine, and networks this small are faster.

With more threads sums are rounded in another order, which a chaotic free run shows after a while.
"""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield
