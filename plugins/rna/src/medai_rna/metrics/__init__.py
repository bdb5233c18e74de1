"""How near predicted structures are to known ones."""
