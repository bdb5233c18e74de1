"""The marker that a plugin's light module puts on its hook implementations."""

import pluggy

hookimpl = pluggy.HookimplMarker("medai")
"""Marks a function of a light module as the implementation of the hook that its name says."""
