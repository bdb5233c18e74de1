"""What a component does beside what it returns: files, connections, shared state, devices, sources."""
