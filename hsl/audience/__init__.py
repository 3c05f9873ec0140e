"""WHO: people in, cohorts out."""
