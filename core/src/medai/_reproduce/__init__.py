"""A printed table rebuilt: its cells planned as runs, the runs made, and what they reached beside what is reported."""
