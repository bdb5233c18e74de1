"""CT: a generated phantom, folders of scans, low dose by physics, and patches to learn from."""
