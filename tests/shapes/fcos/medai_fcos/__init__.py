"""A detector of torchvision, with its loss inside."""
