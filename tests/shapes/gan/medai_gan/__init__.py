"""A critic and a generator that learn in turns, with a frozen network in the loss."""
