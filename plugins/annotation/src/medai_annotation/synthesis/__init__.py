"""Annotations as ultrasound machines draw them, made by rule and chance."""
