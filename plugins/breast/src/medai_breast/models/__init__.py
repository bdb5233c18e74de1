"""Detectors of the study, each with its own loss: images in physical units to boxes in their pixels."""
