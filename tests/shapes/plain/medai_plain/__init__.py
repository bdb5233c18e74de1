"""A plain network and a loss from torch; neither knows of medai."""
