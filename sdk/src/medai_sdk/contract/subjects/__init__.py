"""What the checks look at: each kind of component, with all that is needed to try it."""
