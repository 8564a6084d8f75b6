"""The rooms of nn.functional."""
