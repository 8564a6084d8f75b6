"""What users hold: Tensor, and where ops meet recorder and tape."""
