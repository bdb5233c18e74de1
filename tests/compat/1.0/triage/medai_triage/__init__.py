"""A task of its own, notes by how urgent they are, and small things for tasks of medai's."""
