"""Clean ultrasound images, and annotations drawn over them."""
