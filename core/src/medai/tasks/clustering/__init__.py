"""Which cases are alike."""

from medai.tasks.clustering.metrics import AdjustedRand, ClusteringAccuracy, NormalizedMutualInformation
from medai.tasks.clustering.task import Clustering
from medai.tasks.clustering.types import Cluster

__all__ = ["AdjustedRand", "Cluster", "Clustering", "ClusteringAccuracy", "NormalizedMutualInformation"]
