"""A log-linear model of secondary structure, fitted by L-BFGS."""
