"""References of an audit that a Dask or Ray cluster trains are those that this machine trains."""

import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from test_backends import cluster, dask_cluster, ray_cluster  # noqa: F401, they are fixtures

from mia_helpers import MIAError, audit

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("clusters")]  # one process starts them
X, X2, Y, Y2 = train_test_split(*load_wine(return_X_y=True), test_size=0.5, random_state=0)
SETS = ((X, Y), (X2, Y2))


def test_a_cluster_trains_the_same_references(cluster, monkeypatch, tmp_path):  # noqa: F811
    def train(x, y, seed):
        return RandomForestClassifier(10, random_state=seed).fit(x, y)

    model = train(X, Y, 0)
    cloned = [audit(model, *SETS, n_references=4).to_json()]
    called = [audit(model, *SETS, train=train, n_references=4).to_json()]
    with pytest.raises(MIAError, match=r"train\(x, y\) returned nothing"):
        audit(model, *SETS, train=lambda x, y: None, n_references=4)
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("MIA_BACKEND", "loky")
    monkeypatch.setenv("MIA_JOBS", "1")
    monkeypatch.delenv("MIA_SCHEDULER")
    cloned.append(audit(model, *SETS, n_references=4).to_json())
    called.append(audit(model, *SETS, train=train, n_references=4).to_json())
    assert cloned[0] == cloned[1]
    assert called[0] == called[1]
