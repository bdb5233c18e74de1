"""Pictures of secondary structures: layouts, arcs, matrices of pairs."""
