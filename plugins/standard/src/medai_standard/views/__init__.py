"""Views over images and their answers: sizes, flips, turns, crops, noise."""
