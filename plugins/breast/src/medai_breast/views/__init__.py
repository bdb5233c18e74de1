"""Views over images of ultrasound."""
