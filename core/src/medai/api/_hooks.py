"""The marker that a plugin's light module puts on its hook implementations."""

import pluggy

hookimpl = pluggy.HookimplMarker("medai")
