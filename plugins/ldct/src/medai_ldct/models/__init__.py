"""Networks for low-dose CT, in HU on both sides."""
