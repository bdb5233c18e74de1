"""Small samples of every task and input type, for components that bring no data of their own."""

from medai_sdk.stub.outputs import output
from medai_sdk.stub.samples import INPUTS_OF, batch, samples

__all__ = ["INPUTS_OF", "batch", "output", "samples"]
